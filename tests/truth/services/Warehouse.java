/* SPDX-License-Identifier: MIT */
/* A Java service with one planted limit, chosen by its argument.
 *   hot       rankOffers computes: cpu.hot-function
 *   convoy    reserve holds the monitor of Stock for 5 ms a request: contention.lock
 *   garbage   a large live map and much garbage in a small heap (-Xmx): memory.gc
 *   executor  two threads for requests that wait 20 ms each: contention.workers
 *   healthy   none */
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

public class Warehouse {
	static final class Stock {
		private long reserved;

		synchronized long reserve() throws InterruptedException {
			Thread.sleep(5);   /* the supplier's answer */
			return ++reserved;
		}
	}

	static final class Offers {
		private final int[] prices = new int[4096];

		Offers() {
			for (int i = 0; i < prices.length; i++)
				prices[i] = i * 7919 % 10007;
		}

		long rankOffers(int seed) {
			long rank = seed;
			for (int round = 0; round < 200; round++)
				for (int price : prices)
					rank = rank * 31 + (price ^ rank >>> 7);
			return rank;
		}
	}

	static final class Catalog {
		private final Map<Integer, byte[]> articles = new HashMap<>();

		Catalog() {
			for (int i = 0; i < 60000; i++)
				articles.put(i, new byte[200]);
		}

		int search(int seed) {
			List<String> found = new ArrayList<>();
			for (int i = 0; i < 4000; i++)
				found.add("article " + (seed + i) % articles.size());
			return found.size();
		}
	}

	interface Work {
		long run(int seed) throws InterruptedException;
	}

	static Work work(String fault) {
		final Stock stock = new Stock();
		final Offers offers = new Offers();
		switch (fault) {
		case "hot":
			return seed -> offers.rankOffers(seed);
		case "convoy":
			return seed -> stock.reserve();
		case "garbage":
			final Catalog catalog = new Catalog();
			return seed -> catalog.search(seed);
		case "executor":
			return seed -> {
				Thread.sleep(20);   /* another service's answer */
				return seed;
			};
		default:
			return seed -> seed;
		}
	}

	static void answer(HttpExchange exchange, Work work) throws IOException {
		long result = 0;
		try {
			result = work.run(ThreadLocalRandom.current().nextInt());
		} catch (InterruptedException e) {
			Thread.currentThread().interrupt();
		}
		byte[] body = ("result " + result + "\n").getBytes();
		exchange.sendResponseHeaders(200, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	public static void main(String[] arguments) throws IOException {
		String fault = arguments.length > 0 ? arguments[0] : "healthy";
		System.setProperty("sun.net.httpserver.nodelay", "true");
		HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 256);
		Work work = work(fault);
		server.createContext("/", exchange -> answer(exchange, work));
		server.setExecutor(Executors.newFixedThreadPool(fault.equals("executor") ? 2 : 32));
		server.start();
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
