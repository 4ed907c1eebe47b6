// SPDX-License-Identifier: MIT
// Books payments: /book, /quote, /rate, /history. One source file, the JDK's own HTTP server.
// convoy:        every booking takes one lock and waits under it for a while. Truth:
//                contention.lock, Ledger.book.
// executor PEER: /quote hands its call to an executor of two threads, which wait for PEER. Truth:
//                its two workers, or what they wait for.
// rates PEER:    /rate asks PEER by the HTTP client, whose own threads ask and read. Truth: io.net.downstream.
// log FILE:      each booking is written to the log and synced under the log's lock. Truth:
//                io.disk.sync, or the lock that is held meanwhile.
// /history keeps some 50 MB. With -Xmx80m the collector has no room. Truth: memory.gc.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class Ledger {
	static final int RECENT = 400;

	final String fault;
	final String argument;
	final Map<Integer, Long> balances = new HashMap<>();
	final Map<Integer, List<String>> recent = new HashMap<>();
	final ExecutorService quotes;
	final HttpClient rates;
	final FileChannel log;
	int booked;

	Ledger(String fault, String argument) throws IOException {
		this.fault = fault;
		this.argument = argument;
		quotes = Executors.newFixedThreadPool(fault.equals("executor") ? 2 : 64);
		rates = fault.equals("rates")
			? HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build() : null;
		log = fault.equals("log") ? FileChannel.open(Path.of(argument),
			StandardOpenOption.CREATE, StandardOpenOption.APPEND) : null;
	}

	static long checksum(long account, int rounds) {
		long sum = account;
		for (int i = 0; i < rounds; i++)
			sum = sum * 6364136223846793005L + (sum >>> 17) + i;
		return sum;
	}

	/* The clearing house answers in its own time, whoever asks. */
	static void clear() throws InterruptedException {
		Thread.sleep(4);
	}

	synchronized long book(int account) throws InterruptedException {
		booked++;
		clear();
		return balances.merge(account, 1L, Long::sum);
	}

	long bookAlone(int account) throws InterruptedException {
		clear();
		synchronized (balances) {
			booked++;
			return balances.merge(account, 1L, Long::sum);
		}
	}

	int remember(int account) {
		List<String> history = new ArrayList<>();
		for (int i = 0; i < 2000; i++)
			history.add("booking " + (booked + i) + " of " + account);
		synchronized (recent) {
			recent.put(booked % RECENT, history);
			booked++;
		}
		return history.size();
	}

	synchronized void writeLog(int account) throws IOException {
		log.write(ByteBuffer.wrap(("booked " + account + "\n").getBytes(StandardCharsets.UTF_8)));
		log.force(false);
	}

	String askPeer() throws IOException {
		HttpURLConnection c = (HttpURLConnection) new URL("http://" + argument + "/quote").openConnection();
		try (InputStream in = c.getInputStream()) {
			return new String(in.readAllBytes(), StandardCharsets.UTF_8);
		}
	}

	String rate() throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + argument + "/quote")).build();
		return rates.send(request, HttpResponse.BodyHandlers.ofString()).body();
	}

	String answer(String path) throws Exception {
		int account = 17;
		if (path.equals("/quote"))
			return quotes.submit(this::askPeer).get();
		if (path.equals("/rate"))
			return rate();
		if (path.equals("/history"))
			return "history " + remember(account);
		switch (fault) {
		case "convoy":
			return "balance " + book(account);
		case "log":
			writeLog(account);
			return "sum " + checksum(account, 1000);
		default:
			return "balance " + bookAlone(account);
		}
	}

	void handle(HttpExchange exchange) throws IOException {
		byte[] body;
		int status = 200;
		try {
			body = answer(exchange.getRequestURI().getPath()).getBytes(StandardCharsets.UTF_8);
		} catch (Exception e) {
			body = e.toString().getBytes(StandardCharsets.UTF_8);
			status = 500;
		}
		exchange.sendResponseHeaders(status, body.length);
		try (OutputStream out = exchange.getResponseBody()) {
			out.write(body);
		}
	}

	public static void main(String[] args) throws IOException {
		/* Head and body leave separately: without this the second waits for an acknowledgement. */
		System.setProperty("sun.net.httpserver.nodelay", "true");
		Ledger ledger = new Ledger(args.length > 0 ? args[0] : "", args.length > 1 ? args[1] : "");
		HttpServer server = HttpServer.create(
			new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
		server.createContext("/", ledger::handle);
		server.setExecutor(Executors.newFixedThreadPool(32));
		server.start();
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
