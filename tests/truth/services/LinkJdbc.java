// SPDX-License-Identifier: MIT
// Threads that ask PostgreSQL through a pool; the file TRUTH as in link_node.js.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

public class LinkJdbc {
	static final int THREADS = 32;
	static final AtomicLong last = new AtomicLong();
	static final Queue<String> lines = new ConcurrentLinkedQueue<>();
	static final ThreadLocal<String> tid = ThreadLocal.withInitial(LinkJdbc::readTid);
	static BlockingQueue<Connection> pool;

	static String readTid() {
		try {
			return Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
		} catch (IOException e) {
			throw new IllegalStateException(e);
		}
	}

	static void note(String kind, long id, long from) {
		lines.add(kind + " " + id + " " + from + " " + System.nanoTime() + " " + tid.get());
	}

	static void ask(long id, String text) throws SQLException, InterruptedException {
		Connection connection = pool.take();
		try (PreparedStatement statement = connection.prepareStatement(text)) {
			long from = System.nanoTime();
			try (ResultSet rows = statement.executeQuery()) {
				rows.next();
			}
			note("q", id, from);
		} finally {
			pool.put(connection);
		}
	}

	static void handle(HttpExchange exchange) throws IOException {
		long id = last.incrementAndGet();
		tid.get();
		try {
			ask(id, "SELECT 1 AS first");
			ask(id, "SELECT pg_sleep(0.001)");
		} catch (SQLException | InterruptedException e) {
			throw new IOException(e);
		}
		long from = System.nanoTime();
		exchange.sendResponseHeaders(200, 3);
		exchange.getResponseBody().write("ok\n".getBytes());
		exchange.close();
		note("r", id, from);
	}

	public static void main(String[] words) throws Exception {
		int size = Integer.parseInt(System.getenv("POOL"));
		pool = new ArrayBlockingQueue<>(size, true);
		for (int i = 0; i < size; i++)
			pool.add(DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") +
				"/postgres?user=shop&password=" + System.getenv("PGPASSWORD")));
		HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
		server.createContext("/", LinkJdbc::handle);
		server.setExecutor(Executors.newFixedThreadPool(THREADS));
		server.start();
		Runtime.getRuntime().addShutdownHook(new Thread(() -> {
			try {
				Files.write(Path.of(System.getenv("TRUTH")), lines);
			} catch (IOException e) {
				e.printStackTrace();
			}
		}));
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
