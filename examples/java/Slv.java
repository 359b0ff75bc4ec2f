import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Streetlight.Vision with what Java brings: Basic authentication, the CSRF nonce and the session's cookie.
 *
 * <p>Run it with {@code java Slv.java}; Java 11 or later.
 */
public final class Slv {
  private static final String URL = System.getenv("VENDORLAB_SLV_URL");
  private static final String CSRF = "X-CSRF-Token";

  private final HttpClient http = HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
  private final String login;
  private String nonce = "Fetch";

  private Slv(String username, String password) {
    byte[] both = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
    login = "Basic " + Base64.getEncoder().encodeToString(both);
  }

  /** Call a method of the API. The first answer brings the nonce that all later calls must show. */
  private String call(String service, String method) throws IOException, InterruptedException {
    URI uri = URI.create(URL + "/reports/api/" + service + "/" + method + "?ser=json");
    HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", login).header(CSRF, nonce).build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException(method + ": " + answer.statusCode() + " " + answer.body());
    }
    nonce = answer.headers().firstValue(CSRF).orElse(nonce);
    return answer.body();
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Slv slv = new Slv(System.getenv("VENDORLAB_SLV_USERNAME"), System.getenv("VENDORLAB_SLV_PASSWORD"));
    slv.call("userprofile", "getCurrentUser");
    System.out.println(slv.call("asset", "getGeoZoneRoot"));
  }
}
