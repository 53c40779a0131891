using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;

namespace FopWatch.Providers;

/// <summary>Describes why a request got no answer. The messages of exceptions are not used, because they name the host and possibly more.</summary>
internal static class FailedRequest
{
    public static string TimedOut(TimeSpan after) => string.Create(CultureInfo.InvariantCulture, $"timed out after {after.TotalSeconds:0.###} s");

    public static string InWords(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "could not connect: the host name does not resolve",
        HttpRequestError.ConnectionError => "could not connect" + Reason(exception),
        HttpRequestError.SecureConnectionError when exception.InnerException is UntrustedCertificateException certificate => $"could not connect: {certificate.Message}",
        HttpRequestError.SecureConnectionError when IsCertificate(exception) => "could not connect: the certificate is not valid or not trusted",
        HttpRequestError.SecureConnectionError => "could not connect: TLS could not be established",
        HttpRequestError.ProxyTunnelError => "could not connect: the proxy refused",
        HttpRequestError.ResponseEnded => "the connection ended before the answer did",
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => "the answer is not HTTP",
        HttpRequestError.ConfigurationLimitExceeded => "the headers of the answer are too large",
        var error => $"the request failed: {error}",
    };

    private static string Reason(HttpRequestException exception) => exception.InnerException is not SocketException { SocketErrorCode: var code } ? "" : code switch
    {
        SocketError.ConnectionRefused => ": connection refused",
        SocketError.TimedOut => ": no answer from the host",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown => ": no route to the host",
        SocketError.ConnectionReset or SocketError.ConnectionAborted => ": connection reset",
        SocketError.AccessDenied => ": not permitted on this machine",
        _ => $": {code}",
    };

    private static bool IsCertificate(HttpRequestException exception) => exception.InnerException is AuthenticationException { InnerException: null };
}
