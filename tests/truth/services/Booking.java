// SPDX-License-Identifier: MIT
// Bookings in PostgreSQL over JDBC with a pool of four connections: /book?room=N.
// DATABASE_URL is a JDBC address, PEER the payment service.
// long-transaction: the payment is asked for between BEGIN and COMMIT, so each connection is taken
// as long as that takes. Truth: contention.pool, or the payment that is waited for in it.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;

public class Booking {
	static final int CONNECTIONS = 4;

	final boolean longTransaction;
	final BlockingQueue<Connection> pool = new ArrayBlockingQueue<>(CONNECTIONS);

	Booking(String fault) throws SQLException {
		longTransaction = fault.equals("long-transaction");
		for (int i = 0; i < CONNECTIONS; i++) {
			Connection c = DriverManager.getConnection(System.getenv("DATABASE_URL"));
			c.setAutoCommit(false);
			pool.add(c);
		}
	}

	String pay() throws IOException {
		URL url = new URL("http://" + System.getenv("PEER") + "/pay");
		HttpURLConnection c = (HttpURLConnection) url.openConnection();
		try (InputStream in = c.getInputStream()) {
			return new String(in.readAllBytes(), StandardCharsets.UTF_8);
		}
	}

	int priceOf(Connection c, int room) throws SQLException {
		try (PreparedStatement s = c.prepareStatement("SELECT price FROM articles WHERE id = ?")) {
			s.setInt(1, room);
			try (ResultSet rows = s.executeQuery()) {
				return rows.next() ? rows.getInt(1) : 0;
			}
		}
	}

	void take(Connection c, int room) throws SQLException {
		try (PreparedStatement s = c.prepareStatement("INSERT INTO journal (what) VALUES (?)")) {
			s.setString(1, "room " + room);
			s.executeUpdate();
		}
	}

	String book(int room) throws Exception {
		String paid = longTransaction ? null : pay();
		Connection c = pool.take();
		try {
			int price = priceOf(c, room);
			if (longTransaction)
				paid = pay();
			take(c, room);
			c.commit();
			return "room " + room + " for " + price + ": " + paid;
		} finally {
			pool.put(c);
		}
	}

	void handle(HttpExchange exchange) throws IOException {
		byte[] body;
		int status = 200;
		try {
			body = book(17).getBytes(StandardCharsets.UTF_8);
		} catch (Exception e) {
			body = e.toString().getBytes(StandardCharsets.UTF_8);
			status = 500;
		}
		exchange.sendResponseHeaders(status, body.length);
		try (OutputStream out = exchange.getResponseBody()) {
			out.write(body);
		}
	}

	public static void main(String[] args) throws Exception {
		System.setProperty("sun.net.httpserver.nodelay", "true");
		Booking booking = new Booking(args.length > 0 ? args[0] : "");
		HttpServer server = HttpServer.create(
			new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
		server.createContext("/", booking::handle);
		server.setExecutor(Executors.newFixedThreadPool(64));
		server.start();
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
