using System.Net.Sockets;
using FopWatch.Providers;

namespace FopWatch.Diagnosis;

/// <summary>Why a URL gave no answer, and what to do about it.</summary>
/// <param name="What">Why, as the rest of a sentence that begins with the URL.</param>
/// <param name="Fix">What to do.</param>
internal sealed record Unanswered(string What, string Fix)
{
    private const string Certificates = "Renew or correct the certificate of the server, or of the proxy before it";

    /// <summary>Whether whoever else calls the URL would find the same: not so where the network leads there from here alone.</summary>
    public bool IsOfTheServer { get; private init; }

    /// <summary>Explains a failure.</summary>
    /// <param name="failure">What the client threw.</param>
    /// <param name="url">The URL, of which scheme, host and port are told.</param>
    /// <param name="setting">The setting that it comes from.</param>
    public static Unanswered Of(Exception failure, Uri url, string setting) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new(
            "has a host name that does not resolve", $"Check the host name in {setting}, and the name servers of this machine."),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: SocketException socket } => OfSocket(socket.SocketErrorCode, url, setting),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => new("cannot be connected to", $"Check {setting}, and the firewalls on the way."),
        HttpRequestException { InnerException: UntrustedCertificateException certificate } => OfCertificate(certificate, setting),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new(
            "accepts the connection and does not establish TLS",
            $"Check that the port serves https. If it serves http, let {setting} begin with http. A firewall may also cut TLS.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => new(
            "is not reached, because the proxy refuses", "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the environment of the host, and what the proxy allows."),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError } => new(
            "answers, and not with HTTP", $"Check the scheme and the port in {setting}. A port of https does not answer http.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or IOException => new(
            "cuts the connection before it has answered", $"Check that {setting} leads to the right server. A firewall may also cut connections.")
        { IsOfTheServer = true },
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new(
            "answers with a head that is too large", $"Check that {setting} leads to the right server.")
        { IsOfTheServer = true },
        _ => new("gives no answer that can be read", $"Check that {setting} leads to the right server.") { IsOfTheServer = true },
    };

    private static Unanswered OfSocket(SocketError error, Uri url, string setting) => error switch
    {
        SocketError.ConnectionRefused => new(
            $"refuses connections on port {url.Port}", $"Check the host and the port in {setting}, and that the server runs."),
        SocketError.TimedOut => new("does not accept connections in time", $"Check {setting}, and that no firewall drops packets to port {url.Port}."),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown => new(
            "cannot be reached: there is no route to it", "Check the network of this machine, and its routes."),
        SocketError.ConnectionReset or SocketError.ConnectionAborted => new(
            "resets the connection", $"Check {setting}. A firewall may also reset connections."),
        SocketError.AccessDenied => new("cannot be connected to: this machine does not permit it", "Check the firewall of this machine, and the sandbox of the process."),

        // The name may have resolved to nothing by itself, or through a proxy.
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(
            "has a host name that does not resolve", $"Check the host name in {setting}, and the name servers of this machine."),
        _ => new($"cannot be connected to ({error})", $"Check {setting}, and the firewalls on the way."),
    };

    private static Unanswered OfCertificate(UntrustedCertificateException certificate, string setting) => new(
        $"is not trusted: {certificate.Message}",
        certificate.Fault switch
        {
            CertificateFault.Expired => "Renew the certificate. If it is valid, the clock of this machine is wrong.",
            CertificateFault.NotYetValid => "Check the clock of this machine, then the certificate.",
            CertificateFault.OtherName => $"Use the host name of the certificate in {setting}, or correct the certificate.",
            CertificateFault.UnknownAuthority =>
                "Have the server send its whole chain. If the authority is one of your own, or a proxy on the way has it, add it to those that this machine trusts.",
            _ => $"{Certificates}.",
        })
    {
        IsOfTheServer = true,
    };
}
