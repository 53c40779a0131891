using FopWatch.Providers;

namespace FopWatch.Diagnosis;

/// <summary>What came back for a notification that was sent through <c>FopWatch:PublicUrl</c>, and what that says of the way.</summary>
/// <param name="source">The source.</param>
/// <param name="publicUrl">The URL.</param>
internal sealed class NotifyVerdict(Source source, Uri publicUrl)
{
    private const string Setting = "FopWatch:PublicUrl";
    private const string ProxyPage = "docs/proxy.md says how to configure it";
    private const string Lost = "Notifications of this source do not arrive, and every outcome has to be found by a poll.";
    private const string Hints = "Notifications of this source settle no job, and each costs a poll.";

    private readonly string _url = publicUrl.GetLeftPart(UriPartial.Authority);

    /// <summary>The notification arrived.</summary>
    public DoctorFinding Of(ProbeAnswer answer)
    {
        var (changes, key) = (answer.Changes, NotifyProbes.KeyOf(source));
        if (changes.HasFlag(ProbeChanges.Path))
        {
            return Trouble(
                $"A notification to {_url} arrives with another path: it does not begin with /api/notify.", Lost,
                $"Configure the proxy to pass the path unchanged, or without the path of {Setting}; {ProxyPage}.");
        }

        if (changes.HasFlag(ProbeChanges.NoAuthorization))
            return Changed("without its Authorization header", "Configure the proxy to pass the Authorization header");
        if (changes.HasFlag(ProbeChanges.Body))
            return Changed("with another body", "Configure the proxy to pass bodies byte for byte");
        if (changes.HasFlag(ProbeChanges.ContentType))
            return Changed("with another Content-Type", "Configure the proxy to pass the Content-Type header unchanged");
        if (key is null)
            return Finding(DoctorLevel.Pass, $"A notification through {_url} arrives unchanged. It was not signed: the source has no Keys.", null, null);
        return answer.Trust == Trust.Strong
            ? Finding(DoctorLevel.Pass, $"A notification through {_url}, signed with the access key '{key}', arrives unchanged, and its signature is right.", null, null)
            : Trouble(
                $"A notification to {_url} arrives, and its signature is found wrong.", Hints,
                $"The host that took it may have another {Setting}, or the proxy changes the path below it: compare the settings of all instances; {ProxyPage}.");
    }

    /// <summary>Something else than FopWatch's answer to the notification came back.</summary>
    public DoctorFinding OfOther(HttpResponseMessage response, string body)
    {
        var status = (int)response.StatusCode;
        var isFopWatch = response.Content.Headers.ContentType?.MediaType == "application/problem+json" && body.Contains("urn:fopwatch:problem:", StringComparison.Ordinal);
        return status switch
        {
            >= 300 and < 400 => Trouble(
                $"{_url} redirects notifications{(response.Headers.Location is { IsAbsoluteUri: true } target ? $" to {target.GetLeftPart(UriPartial.Authority)}" : "")} (HTTP {status}).",
                $"Providers do not follow redirects. {Lost}",
                $"Serve the notify URLs without a redirect, or set {Setting} to where it leads and give applications the new notify URL."),
            >= 200 and < 300 => Trouble(
                $"Something else than this FopWatch answers HTTP {status} at {_url}.",
                "Providers take that for received, and do not send the notification again. Every outcome has to be found by a poll.",
                $"Check that {Setting} leads to this host, and that nothing on the way answers in its place: another server, a CDN, or a page that asks to log in."),
            404 or 421 when isFopWatch => Trouble(
                $"Another FopWatch answers at {_url}, or a proxy has changed the path beyond recognition (HTTP {status}).", Lost,
                $"Check that {Setting} leads to this host and not to another installation or an older version; {ProxyPage}."),
            503 when isFopWatch => Finding(
                DoctorLevel.Warning, $"FopWatch answers at {_url} that it cannot take a notification now (HTTP 503).",
                "Providers send it again, for minutes or hours.", "Examine again. If it goes on, the traffic findings and the log say why."),
            401 or 403 or 407 => Trouble(
                $"Something before FopWatch refuses access at {_url} (HTTP {status}).", $"Providers have no credentials for it. {Lost}",
                "Let POST requests below /api/notify pass without credentials: their tokens and signatures admit them. A firewall for web applications, or a list of allowed addresses, may also refuse them."),
            404 or 405 or 410 => Trouble(
                $"{_url} does not lead POST /api/notify to FopWatch (HTTP {status}).", Lost,
                $"Check the path of {Setting}, and add /api/notify to what the proxy passes on; {ProxyPage}."),
            413 => Trouble($"Something before FopWatch finds a small notification too large (HTTP {status}).", Lost, $"Raise its limit of request bodies; {ProxyPage}."),
            502 or 503 or 504 => Trouble(
                $"The proxy at {_url} does not reach FopWatch (HTTP {status}).", Lost, $"Check the address and the port that it passes requests to; {ProxyPage}."),
            _ => Trouble($"{_url} answers notifications with HTTP {status}.", Lost, $"Check what answers there; {ProxyPage}."),
        };
    }

    /// <summary>No answer came.</summary>
    public DoctorFinding Of(Exception failure)
    {
        var unanswered = Unanswered.Of(failure, publicUrl, Setting);
        return unanswered.IsOfTheServer
            ? Trouble($"{_url} {unanswered.What}.", Lost, unanswered.Fix)
            : Finding(
                DoctorLevel.Warning, $"{_url} {unanswered.What}, at least from this machine.",
                "If providers find the same, no notification arrives. Some networks reach their own public addresses from outside alone.",
                $"{unanswered.Fix} Send a request to it from another network.");
    }

    /// <summary>No answer came in time.</summary>
    public DoctorFinding TooSlow(TimeSpan after) => Finding(
        DoctorLevel.Warning, $"{_url} did not answer a notification within {Doctor.Seconds(after)}.",
        "Providers give up after some seconds, and send it again a few times. Some networks reach their own public addresses from outside alone.",
        "Send a request to it from another network. If it is slow there too, check the proxies on the way and the load of this host.");

    private DoctorFinding Changed(string how, string fix) => source.Keys.IsEmpty
        ? Finding(DoctorLevel.Warning, $"A notification to {_url} arrives {how}.", "Its signature could not be right, once the source has Keys.", $"{fix}; {ProxyPage}.")
        : Finding(
            source.Trust == TrustRule.Signature ? DoctorLevel.Trouble : DoctorLevel.Warning, $"A notification to {_url} arrives {how}.",
            source.Trust == TrustRule.Signature ? $"Its signature cannot be verified. {Hints}" : "Its signature cannot be verified, and where it is wrong the notification goes to quarantine.",
            $"{fix}; {ProxyPage}.");

    private DoctorFinding Trouble(string what, string why, string fix) => Finding(DoctorLevel.Trouble, what, why, fix);

    private DoctorFinding Finding(DoctorLevel level, string what, string? why, string? fix) =>
        new() { Check = DoctorCheck.NotifyUrl, Source = source.Name, Level = level, What = what, Why = why, Fix = fix };
}
