using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace FopWatch.Providers;

/// <summary>Why the certificate of a server is not accepted.</summary>
public enum CertificateFault
{
    /// <summary>It has expired.</summary>
    Expired,

    /// <summary>It is not valid yet.</summary>
    NotYetValid,

    /// <summary>It is for another host name.</summary>
    OtherName,

    /// <summary>No authority that this machine trusts has signed it.</summary>
    UnknownAuthority,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>
/// The certificate of a server is not accepted. <see cref="Accept"/> decides like the runtime, whose exceptions give the reason only as text.
/// </summary>
public sealed class UntrustedCertificateException(CertificateFault fault, string message) : AuthenticationException(message)
{
    /// <summary>The reason.</summary>
    public CertificateFault Fault { get; } = fault;

    /// <summary>Accepts a certificate; for <see cref="SslClientAuthenticationOptions.RemoteCertificateValidationCallback"/>.</summary>
    /// <exception cref="UntrustedCertificateException">The certificate is not accepted.</exception>
    public static bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => errors == SslPolicyErrors.None
        ? true
        : throw Of(certificate, chain, errors);

    private static UntrustedCertificateException Of(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var statuses = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if (statuses.HasFlag(X509ChainStatusFlags.NotTimeValid) && certificate is X509Certificate2 known)
        {
            // The chain is validated by the system clock too.
            var (from, to) = (known.NotBefore.ToUniversalTime(), known.NotAfter.ToUniversalTime());
            if (TimeProvider.System.GetUtcNow().UtcDateTime > to)
                return new(CertificateFault.Expired, string.Create(CultureInfo.InvariantCulture, $"the certificate expired at {to:yyyy-MM-dd HH:mm} UTC"));
            if (TimeProvider.System.GetUtcNow().UtcDateTime < from)
                return new(CertificateFault.NotYetValid, string.Create(CultureInfo.InvariantCulture, $"the certificate is not valid before {from:yyyy-MM-dd HH:mm} UTC"));
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return new(CertificateFault.OtherName, "the certificate is for another host name");
        if ((statuses & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return new(CertificateFault.UnknownAuthority, "the certificate is signed by an authority that this machine does not trust");
        return new(CertificateFault.Other, "the certificate is not valid or not trusted");
    }
}
