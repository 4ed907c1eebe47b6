// SPDX-License-Identifier: MIT
// A small page over Java's own HTTP server, with 32 threads: nothing planted.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

public class Quote {
	static String page(int articles) {
		StringBuilder text = new StringBuilder("{\"articles\":[");
		for (int i = 0; i < articles; i++)
			text.append(i == 0 ? "" : ",").append("{\"id\":").append(i).append(",\"price\":").append(i * 37 % 900).append('}');
		return text.append("]}").toString();
	}

	static void answer(HttpExchange exchange) throws IOException {
		byte[] body = page(20).getBytes(StandardCharsets.UTF_8);
		exchange.sendResponseHeaders(200, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	public static void main(String[] arguments) throws IOException {
		System.setProperty("sun.net.httpserver.nodelay", "true");
		InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
		HttpServer server = HttpServer.create(address, 1024);
		server.createContext("/", Quote::answer);
		server.setExecutor(Executors.newFixedThreadPool(32));
		server.start();
		System.out.println("listening on 127.0.0.1:" + server.getAddress().getPort());
	}
}
