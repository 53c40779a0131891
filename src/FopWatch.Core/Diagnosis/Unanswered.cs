using System.Net.Sockets;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Why a URL gave no answer, and what to do about it.</summary>
/// <param name="What">The reason, as the rest of a sentence that begins with the URL.</param>
/// <param name="Fix">What to do.</param>
internal sealed record Unanswered(Sentence What, Sentence Fix)
{
    private static readonly Sentence Certificates = $"Renew or correct the certificate of the server, or of the proxy before it";

    /// <summary>Whether the server is at fault, so that every other caller would see the same. False if only the network of this machine may be at fault.</summary>
    public bool IsOfTheServer { get; private init; }

    public static Unanswered Of(Exception failure, Uri url, string setting) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new(
            $"has a host name that does not resolve", $"Check the host name in {setting}, and the name servers of this machine."),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: SocketException socket } => OfSocket(socket.SocketErrorCode, url, setting),
        SocketException socket => OfSocket(socket.SocketErrorCode, url, setting),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => new($"does not accept connections", $"Check {setting}, and the firewalls on the way."),
        HttpRequestException { InnerException: UntrustedCertificateException certificate } => OfCertificate(certificate, setting),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new(
            $"accepts the connection but does not establish TLS",
            $"Check that the port serves https. If it serves http, change {setting} to http. A firewall may also cut TLS.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => new(
            $"is not reached, because the proxy refuses", $"Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the environment of the host, and what the proxy allows."),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError } => new(
            $"answers, but not with HTTP", $"Check the scheme and the port in {setting}. An https port does not answer http.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or IOException => new(
            $"closes the connection before it has answered", $"Check that {setting} leads to the right server. A firewall may also cut connections.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new(
            $"answers with headers that are too large", $"Check that {setting} leads to the right server.")
        { IsOfTheServer = true },
        _ => new($"gives no readable answer", $"Check that {setting} leads to the right server.") { IsOfTheServer = true },
    };

    private static Unanswered OfSocket(SocketError error, Uri url, string setting) => error switch
    {
        SocketError.ConnectionRefused => new(
            $"refuses connections on port {url.Port}", $"Check the host and the port in {setting}, and that the server runs."),
        SocketError.TimedOut => new($"does not accept connections in time", $"Check {setting}, and that no firewall drops packets to port {url.Port}."),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown => new(
            $"cannot be reached: there is no route to it", $"Check the network of this machine, and its routes."),
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected => new(
            $"resets the connection", $"Check {setting}. A firewall may also reset connections."),
        SocketError.AccessDenied => new($"is blocked: this machine does not permit the connection", $"Check the firewall of this machine, and the sandbox of the process."),

        // Also if the name has no address, or if a proxy reports that.
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(
            $"has a host name that does not resolve", $"Check the host name in {setting}, and the name servers of this machine."),
        _ => new($"does not accept connections ({error})", $"Check {setting}, and the firewalls on the way."),
    };

    private static Unanswered OfCertificate(UntrustedCertificateException certificate, string setting) => new(
        $"is not trusted: {certificate.Message}",
        certificate.Fault switch
        {
            CertificateFault.Expired => $"Renew the certificate. If it is valid, the clock of this machine is wrong.",
            CertificateFault.NotYetValid => $"Check the clock of this machine, then the certificate.",
            CertificateFault.OtherName => $"Use the host name of the certificate in {setting}, or correct the certificate.",
            CertificateFault.UnknownAuthority =>
                $"Configure the server to send its whole chain. If the authority is your own, or that of a proxy on the way, add it to the trusted authorities of this machine.",
            _ => $"{Certificates}.",
        })
    {
        IsOfTheServer = true,
    };
}
