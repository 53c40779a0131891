using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Interprets the answer of a status API about a nonexistent id.</summary>
/// <param name="source">The source.</param>
/// <param name="workflowKey">The access key with which the workflow API was asked; null if the status API was asked.</param>
internal sealed class StatusVerdict(Source source, string? workflowKey)
{
    private static readonly Sentence Why = $"Only polls find the outcome of a job whose notification is lost. Without them the job stays open until its deadline and expires.";
    private static readonly Sentence WorkflowWhy = $"Only this API finds the outcome of a V3 workflow whose notification is lost.";

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    private readonly Uri _endpoint = workflowKey is null ? source.StatusEndpoint : source.WorkflowEndpoint!;
    private readonly string _setting = $"FopWatch:Sources:{source.Name}:{(workflowKey is null ? "StatusEndpoint" : "WorkflowEndpoint")}";

    private Sentence Api => workflowKey is null ? (Sentence)$"{Origin}" : (Sentence)$"{Origin}, the API of workflows,";

    private string Origin => _endpoint.GetLeftPart(UriPartial.Authority);

    /// <summary>The settings of the source were replaced before the API was asked.</summary>
    public DoctorFinding Replaced => Finding(
        DoctorLevel.Skipped, $"{Api} was not asked: the settings of the source were replaced meanwhile.", null, $"Examine again.");

    public DoctorFinding Of(StatusExamination examined)
    {
        var (answer, seen) = (examined.Answer, examined.Exchange);
        if (!answer.Asked)
        {
            return Finding(
                DoctorLevel.Skipped,
                $"{Api} was not asked: the poll rate of the source has no room for a request for another {Seconds(answer.RetryAfter ?? TimeSpan.Zero)}.",
                $"Other polls use the rate, or the API asked to slow down. In the cloud host, the store through which instances share the rate may be unavailable.",
                $"Examine again. If it persists, compare {Setting("Poll:PerSecond")} with what the API allows and the jobs need.");
        }

        if (seen.HasTimedOut)
            return TooSlow(seen.Took);
        if (seen.Failure is { } failure)
        {
            var unanswered = Unanswered.Of(failure, _endpoint, _setting);
            return Trouble($"{Api} {unanswered.What}.", unanswered.Fix);
        }

        return seen.Status is { } status ? OfAnswer(answer, seen, status) : Trouble($"{Api} gave no answer.", $"Check {_setting}.");
    }

    public DoctorFinding TooSlow(TimeSpan after) => Trouble(
        $"{Api} did not answer within {Seconds(after)}.",
        $"Check the network and the load of the API. If {Setting("Poll:PerSecond")} is small, polls may have taken all of it: examine again.");

    /// <summary>The finding about the clocks, from the date of an answer; null if they agree, and for the workflow query of a key: one wrong clock is one finding.</summary>
    public DoctorFinding? SkewOf(StatusExchange seen, DateTimeOffset now)
    {
        // The date may lie anywhere between the request and the answer.
        if (workflowKey is not null || seen.Date is not { } date)
            return null;
        var (ahead, behind) = (now - seen.Took - date.AddSeconds(1), date - now);
        var skew = ahead > StatusApiCheck.LargestSkew ? ahead : behind > StatusApiCheck.LargestSkew ? -behind : TimeSpan.Zero;
        return skew == TimeSpan.Zero ? null : new()
        {
            Check = DoctorCheck.Clock,
            Source = source.Name,
            Level = DoctorLevel.Warning,
            What = skew > TimeSpan.Zero
                ? (Sentence)$"The clock of this host is {Long(skew.Duration())} ahead of that of {Origin}."
                : (Sentence)$"The clock of this host is {Long(skew.Duration())} behind that of {Origin}.",
            Why = $"Jobs expire too early or too late, statistics go to the wrong hours, and TLS certificates may seem invalid.",
            Fix = $"Check the time synchronisation of this machine. If this clock agrees with those of other sources, the API's clock is wrong.",
        };
    }

    private DoctorFinding OfAnswer(StatusAnswer answer, StatusExchange seen, int status)
    {
        if (answer.NeedsKeys)
        {
            return Trouble(
                $"{Api} refuses the access key '{workflowKey}' (HTTP {status}).",
                $"Correct or remove the key in {Setting("Keys")}. If its secret key is wrong, notifications signed with it cannot be verified either.");
        }

        return answer.Answer switch
        {
            PollAnswer.NotFound => Right(seen, status),
            PollAnswer.Throttled => Finding(
                DoctorLevel.Warning, $"{Api} asks to slow down (HTTP {status}).", $"Polls are postponed, and outcomes are late.", $"Lower {Setting("Poll:PerSecond")} if it persists."),
            PollAnswer.Report => Trouble(
                $"{Api} answers with a report about a nonexistent id.", $"Check that {_setting} is a status API, and not a test server that knows every id."),
            PollAnswer.Unavailable when status == 200 => Trouble($"{Api} answers, but its answer was cut off.", $"Check the network, and the proxies on the way."),
            PollAnswer.Unavailable => Trouble($"{Api} fails (HTTP {status}).", $"Try again. If it persists, ask the provider."),
            _ => OfRefusal(answer, seen, status),
        };
    }

    private DoctorFinding Right(StatusExchange seen, int status)
    {
        Sentence words = workflowKey is null
            ? (Sentence)$"{Api} answers in {Milliseconds(seen.Took)} that it does not know a nonexistent id (HTTP {status}), as it should."
            : (Sentence)$"{Api} answers in {Milliseconds(seen.Took)} that it does not know a nonexistent id (HTTP {status}), as it should, to the access key '{workflowKey}'.";
        return seen.Took < Slow
            ? Finding(DoctorLevel.Pass, words, null, null)
            : Finding(DoctorLevel.Warning, $"{Api} answers correctly, but took {Seconds(seen.Took)}.", $"Slow answers delay the polls behind them.", $"Check the network and the proxies on the way.");
    }

    private DoctorFinding OfRefusal(StatusAnswer answer, StatusExchange seen, int status)
    {
        if (status is >= 300 and < 400)
        {
            return seen.RedirectedTo is { IsAbsoluteUri: true } target
                ? Trouble(
                    $"{Api} redirects to {target.GetLeftPart(UriPartial.Authority)} (HTTP {status}). FopWatch does not follow redirects: it sends ids only to the configured host.",
                    $"If that is the account's status API, set {_setting} to it. If not, another server answers in place of the API.")
                : Trouble($"{Api} redirects to nowhere (HTTP {status}).", $"Check {_setting}.");
        }

        switch (status)
        {
            case 401 or 403:
                return Trouble(
                    $"{Api} refuses access (HTTP {status}).",
                    $"The API needs no credentials, so something in front of it refuses: a gateway, an allow list of addresses, or another server. Check "
                    + $"{_setting}, and whether this machine's address is allowed.");
            case 407:
                return Trouble($"A proxy in front of {Api} asks for credentials (HTTP 407).", $"Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the environment of the host.");
            case 404 or 405 or 410:
                return Trouble(
                    $"{Api} does not know the path of the status query (HTTP {status}{OfPage(seen)}).",
                    $"Check {_setting}, its path included, and {Setting("Provider")}. The setting is the base URL of the API, without the path of the query.");
            case 200:
                return Trouble(
                    IsPage(seen) ? (Sentence)$"{Api} answers with a web page, but not as a status API does." : (Sentence)$"{Api} answers, but not as a status API does.",
                    $"Check {_setting} and {Setting("Provider")}. A login page or a proxy may also answer in place of the API.");
        }

        // Wangsu does not document its answer for an unknown id. Its own errors are JSON (providers.md, section 2).
        var isOfTheApi = seen.MediaType is "application/json" or "text/json";
        return isOfTheApi && status is >= 400 and < 500 && source.Provider.Kind != ProviderKind.Qiniu
            ? Finding(
                DoctorLevel.Info,
                $"{Api} is reachable, and refuses a nonexistent id with an error of its own (HTTP {status}). Whether it refuses existing ids too is unknown.",
                null,
                $"Check GET /api/overview, which counts refused polls.")
            : Trouble($"{Api} refuses the request (HTTP {status}{OfPage(seen)}).", $"Check {_setting} and {Setting("Provider")}.");
    }

    private static bool IsPage(StatusExchange seen) => seen.MediaType is "text/html" or "application/xhtml+xml";

    private static Sentence OfPage(StatusExchange seen) => IsPage(seen) ? (Sentence)$", with a web page" : (Sentence)$"";

    private DoctorFinding Trouble(Sentence what, Sentence fix) => Finding(DoctorLevel.Trouble, what, workflowKey is null ? Why : WorkflowWhy, fix);

    private DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.StatusApi, Source = source.Name, Level = level, What = what, Why = why, Fix = fix };

    private string Setting(string name) => $"FopWatch:Sources:{source.Name}:{name}";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalSeconds, 1)} s");

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");

    private static string Long(TimeSpan time) => time.TotalMinutes < 2
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s")
        : time.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h");
}
