// SPDX-License-Identifier: MIT
// Planted: rankOffers computes for some milliseconds a request. Truth: cpu.hot-function, rankOffers.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

public class Offers {
	private final int[] prices = new int[4096];

	Offers() {
		for (int i = 0; i < prices.length; i++)
			prices[i] = i * 7919 % 10007;
	}

	long rankOffers(int seed) {
		long rank = seed;
		for (int round = 0; round < 400; round++)
			for (int price : prices)
				rank = rank * 31 + (price ^ rank >>> 7);
		return rank;
	}

	void answer(HttpExchange exchange) throws IOException {
		int seed = exchange.getRequestURI().getPath().length();
		byte[] body = ("rank " + rankOffers(seed) + "\n").getBytes(StandardCharsets.UTF_8);
		exchange.sendResponseHeaders(200, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	public static void main(String[] arguments) throws IOException {
		System.setProperty("sun.net.httpserver.nodelay", "true");
		InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
		HttpServer server = HttpServer.create(address, 256);
		server.createContext("/", new Offers()::answer);
		server.setExecutor(Executors.newFixedThreadPool(32));
		server.start();
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
