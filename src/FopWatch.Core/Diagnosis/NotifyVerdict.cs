using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Interprets the answer to a notification that was sent through <c>FopWatch:PublicUrl</c>.</summary>
internal sealed class NotifyVerdict(Source source, Uri publicUrl)
{
    private const string Setting = "FopWatch:PublicUrl";
    private static readonly Sentence ProxyPage = $"docs/proxy.md says how to configure it";
    private static readonly Sentence Lost = $"Notifications of this source do not arrive, so every outcome must be found by a poll.";
    private static readonly Sentence Hints = $"Notifications of this source settle no job, and each costs a poll.";

    private readonly string _url = publicUrl.GetLeftPart(UriPartial.Authority);

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
            return Changed($"without its Authorization header", $"Configure the proxy to pass the Authorization header");
        if (changes.HasFlag(ProbeChanges.Body))
            return Changed($"with another body", $"Configure the proxy to pass bodies byte for byte");
        if (changes.HasFlag(ProbeChanges.ContentType))
            return Changed($"with another Content-Type", $"Configure the proxy to pass the Content-Type header unchanged");
        if (key is null)
            return Finding(DoctorLevel.Pass, $"A notification through {_url} arrives unchanged. It was not signed: the source has no Keys.", null, null);
        return answer.Trust == Trust.Strong
            ? Finding(DoctorLevel.Pass, $"A notification through {_url}, signed with the access key '{key}', arrives unchanged, and its signature is right.", null, null)
            : Trouble(
                $"A notification to {_url} arrives, but its signature is invalid.", Hints,
                $"The host that received it may have another {Setting}, or the proxy changes the path below it: compare the settings of all instances; {ProxyPage}.");
    }

    public DoctorFinding OfOther(HttpResponseMessage response, string body)
    {
        var status = (int)response.StatusCode;
        var isFopWatch = response.Content.Headers.ContentType?.MediaType == "application/problem+json" && body.Contains("urn:fopwatch:problem:", StringComparison.Ordinal);
        return status switch
        {
            >= 300 and < 400 => Trouble(
                response.Headers.Location is { IsAbsoluteUri: true } target
                    ? (Sentence)$"{_url} redirects notifications to {target.GetLeftPart(UriPartial.Authority)} (HTTP {status})."
                    : (Sentence)$"{_url} redirects notifications (HTTP {status}).",
                $"Providers do not follow redirects. {Lost}",
                $"Serve the notify URLs without a redirect, or set {Setting} to where it leads and give applications the new notify URL."),
            >= 200 and < 300 => Trouble(
                $"A server other than this FopWatch answers HTTP {status} at {_url}.",
                $"Providers take that for an acknowledgement and do not retry. Every outcome must be found by a poll.",
                $"Check that {Setting} leads to this host, and that nothing in between answers in its place, such as another server, a CDN or a login page."),
            404 or 421 when isFopWatch => Trouble(
                $"Another FopWatch answers at {_url}, or a proxy has changed the path beyond recognition (HTTP {status}).", Lost,
                $"Check that {Setting} leads to this host and not to another installation or an older version; {ProxyPage}."),
            503 when isFopWatch => Finding(
                DoctorLevel.Warning, $"FopWatch at {_url} cannot accept a notification now (HTTP 503).",
                $"Providers retry for minutes or hours.", $"Examine again. If it persists, the traffic findings and the log say why."),
            401 or 403 or 407 => Trouble(
                $"A server in front of FopWatch refuses access at {_url} (HTTP {status}).", $"Providers have no credentials for it. {Lost}",
                $"Let POST requests below /api/notify pass without credentials: tokens and signatures authenticate them. A web application firewall or an allow list of addresses may also refuse them."),
            404 or 405 or 410 => Trouble(
                $"{_url} does not route POST /api/notify to FopWatch (HTTP {status}).", Lost,
                $"Check the path of {Setting}, and let the proxy forward /api/notify; {ProxyPage}."),
            413 => Trouble($"A server in front of FopWatch refuses a small notification as too large (HTTP {status}).", Lost, $"Raise its limit for request bodies; {ProxyPage}."),
            502 or 503 or 504 => Trouble(
                $"The proxy at {_url} does not reach FopWatch (HTTP {status}).", Lost, $"Check the address and the port to which it forwards requests; {ProxyPage}."),
            _ => Trouble($"{_url} answers notifications with HTTP {status}.", Lost, $"Check what answers there; {ProxyPage}."),
        };
    }

    public DoctorFinding Of(Exception failure)
    {
        var unanswered = Unanswered.Of(failure, publicUrl, Setting);
        return unanswered.IsOfTheServer
            ? Trouble($"{_url} {unanswered.What}.", Lost, unanswered.Fix)
            : Finding(
                DoctorLevel.Warning, $"{_url} {unanswered.What}, at least from this machine.",
                $"If providers see the same, no notification arrives. In some networks a public address works only from outside.",
                $"{unanswered.Fix} Send a request to it from another network.");
    }

    public DoctorFinding TooSlow(TimeSpan after) => Finding(
        DoctorLevel.Warning, $"{_url} did not answer a notification within {Doctor.Seconds(after)}.",
        $"Providers give up after some seconds and retry a few times. In some networks a public address works only from outside.",
        $"Send a request to it from another network. If it is slow there too, check the proxies on the way and the load of this host.");

    private DoctorFinding Changed(Sentence how, Sentence fix) => source.Keys.IsEmpty
        ? Finding(DoctorLevel.Warning, $"A notification to {_url} arrives {how}.", $"Once the source has Keys, its signature cannot be valid.", $"{fix}; {ProxyPage}.")
        : Finding(
            source.Trust == TrustRule.Signature ? DoctorLevel.Trouble : DoctorLevel.Warning, $"A notification to {_url} arrives {how}.",
            source.Trust == TrustRule.Signature ? (Sentence)$"Its signature cannot be verified. {Hints}" : (Sentence)$"Its signature cannot be verified, and a notification with an invalid signature goes to quarantine.",
            $"{fix}; {ProxyPage}.");

    private DoctorFinding Trouble(Sentence what, Sentence why, Sentence fix) => Finding(DoctorLevel.Trouble, what, why, fix);

    private DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.NotifyUrl, Source = source.Name, Level = level, What = what, Why = why, Fix = fix };
}
