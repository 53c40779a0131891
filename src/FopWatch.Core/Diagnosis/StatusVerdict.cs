using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Diagnosis;

/// <summary>What the answer of a status API about an id that does not exist says of the API and of the way to it.</summary>
/// <param name="source">The source.</param>
/// <param name="workflowKey">The access key that the API of workflows was asked with; null if the other one was asked.</param>
internal sealed class StatusVerdict(Source source, string? workflowKey)
{
    private const string Why = "Jobs whose notification is lost are found by polls alone. They stay open until their deadline, and expire.";
    private const string WorkflowWhy = "Workflows V3 whose notification is lost are found by this API alone.";

    /// <summary>From here on, an answer is slow.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);

    private readonly Uri _endpoint = workflowKey is null ? source.StatusEndpoint : source.WorkflowEndpoint!;
    private readonly string _setting = $"FopWatch:Sources:{source.Name}:{(workflowKey is null ? "StatusEndpoint" : "WorkflowEndpoint")}";

    private string Api => $"{_endpoint.GetLeftPart(UriPartial.Authority)}{(workflowKey is null ? "" : ", the API of workflows,")}";

    /// <summary>What an answer says.</summary>
    public DoctorFinding Of(StatusExamination examined)
    {
        var (answer, seen) = (examined.Answer, examined.Exchange);
        if (!answer.Asked)
        {
            return Finding(
                DoctorLevel.Skipped,
                $"{Api} was not asked: the rate of the source has no room for a question for another {Seconds(answer.RetryAfter ?? TimeSpan.Zero)}.",
                "Other polls take the rate, or the API asked to slow down. In the cloud host, the store by which instances share the rate may not answer.",
                $"Examine again. If it goes on, compare {Setting("Poll:PerSecond")} with what the API allows and the jobs need.");
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

    /// <summary>No answer came in time.</summary>
    public DoctorFinding TooSlow(TimeSpan after) => Trouble(
        $"{Api} did not answer within {Seconds(after)}.",
        $"Check the network and the load of the API. If {Setting("Poll:PerSecond")} is small, polls may have taken all of it: examine again.");

    /// <summary>What the date of an answer says of the clocks; null if they agree.</summary>
    public DoctorFinding? SkewOf(StatusExchange seen, DateTimeOffset now)
    {
        // The answer was made at some time while it was waited for.
        if (seen.Date is not { } date)
            return null;
        var (ahead, behind) = (now - seen.Took - date.AddSeconds(1), date - now);
        var skew = ahead > StatusApiCheck.LargestSkew ? ahead : behind > StatusApiCheck.LargestSkew ? -behind : TimeSpan.Zero;
        return skew == TimeSpan.Zero ? null : new()
        {
            Check = DoctorCheck.Clock,
            Source = source.Name,
            Level = DoctorLevel.Warning,
            What = $"The clock of this host is {Long(skew.Duration())} {(skew > TimeSpan.Zero ? "ahead of" : "behind")} that of {_endpoint.GetLeftPart(UriPartial.Authority)}.",
            Why = "Jobs expire too early or too late, statistics go to the wrong hours, and TLS certificates may seem invalid.",
            Fix = "Check the time synchronisation of this machine. If the clocks of other sources agree with it, it is the API's clock that is wrong.",
        };
    }

    private DoctorFinding OfAnswer(StatusAnswer answer, StatusExchange seen, int status)
    {
        if (answer.NeedsKeys)
        {
            return Trouble(
                $"{Api} refuses the access key '{workflowKey}' (HTTP {status}).",
                $"Correct or remove the key in {Setting("Keys")}. Notifications that are signed with it cannot be verified either if its secret key is wrong.");
        }

        return answer.Answer switch
        {
            PollAnswer.NotFound => Right(seen, status),
            PollAnswer.Throttled => Finding(
                DoctorLevel.Warning, $"{Api} asks to slow down (HTTP {status}).", "Polls are put off, and outcomes are late.", $"Lower {Setting("Poll:PerSecond")} if it goes on."),
            PollAnswer.Report => Trouble(
                $"{Api} answers with a report about an id that does not exist.", $"Check that {_setting} is a status API, and not a test server that knows every id."),
            PollAnswer.Unavailable when status == 200 => Trouble($"{Api} answers, and its answer was cut.", "Check the network, and the proxies on the way."),
            PollAnswer.Unavailable => Trouble($"{Api} fails (HTTP {status}).", "Try again. If it goes on, ask the provider."),
            _ => OfRefusal(answer, seen, status),
        };
    }

    private DoctorFinding Right(StatusExchange seen, int status)
    {
        var words = $"{Api} answers in {Milliseconds(seen.Took)} that it does not know an id that does not exist (HTTP {status}), as it should"
            + (workflowKey is null ? "." : $", to the access key '{workflowKey}'.");
        return seen.Took < Slow
            ? Finding(DoctorLevel.Pass, words, null, null)
            : Finding(DoctorLevel.Warning, $"{Api} answers rightly, and took {Seconds(seen.Took)}.", "Slow answers put off the polls behind them.", "Check the network and the proxies on the way.");
    }

    private DoctorFinding OfRefusal(StatusAnswer answer, StatusExchange seen, int status)
    {
        if (status is >= 300 and < 400)
        {
            return seen.RedirectedTo is { IsAbsoluteUri: true } target
                ? Trouble(
                    $"{Api} redirects to {target.GetLeftPart(UriPartial.Authority)} (HTTP {status}). FopWatch does not follow: an id goes to the configured host alone.",
                    $"If that is the account's status API, set {_setting} to it. If not, something on the way answers in place of the API.")
                : Trouble($"{Api} redirects to nowhere (HTTP {status}).", $"Check {_setting}.");
        }

        switch (status)
        {
            case 401 or 403:
                return Trouble(
                    $"{Api} refuses access (HTTP {status}).",
                    "The API needs no credentials, so something before it refuses: a gateway, a list of allowed addresses, or another server. Check "
                    + $"{_setting}, and whether this machine's address is allowed.");
            case 407:
                return Trouble($"A proxy before {Api} asks for credentials (HTTP 407).", "Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the environment of the host.");
            case 404 or 405 or 410:
                return Trouble(
                    $"{Api} does not know the path of the status query (HTTP {status}{OfPage(seen)}).",
                    $"Check {_setting}, its path included, and {Setting("Provider")}: it is the base URL of the API, without the path of the query.");
            case 200:
                return Trouble(
                    $"{Api} answers{OfPage(seen).TrimStart(',')}, and not as a status API does.",
                    $"Check {_setting} and {Setting("Provider")}. A login page or a proxy may also answer in place of the API.");
        }

        // What Wangsu answers for an id that it does not know is not documented, and its own errors are JSON (providers.md, section 2).
        var isOfTheApi = seen.MediaType is "application/json" or "text/json";
        return isOfTheApi && status is >= 400 and < 500 && source.Provider.Kind != ProviderKind.Qiniu
            ? Finding(
                DoctorLevel.Info,
                $"{Api} is reached, and refuses an id that does not exist with an error of its own (HTTP {status}). Whether it does so for ids that do exist is not known.",
                null,
                "Compare GET /api/overview: polls that are refused are counted there.")
            : Trouble($"{Api} refuses the question (HTTP {status}{OfPage(seen)}).", $"Check {_setting} and {Setting("Provider")}.");
    }

    private static string OfPage(StatusExchange seen) => seen.MediaType is "text/html" or "application/xhtml+xml" ? ", with a web page" : "";

    private DoctorFinding Trouble(string what, string fix) => Finding(DoctorLevel.Trouble, what, workflowKey is null ? Why : WorkflowWhy, fix);

    private DoctorFinding Finding(DoctorLevel level, string what, string? why, string? fix) =>
        new() { Check = DoctorCheck.StatusApi, Source = source.Name, Level = level, What = what, Why = why, Fix = fix };

    private string Setting(string name) => $"FopWatch:Sources:{source.Name}:{name}";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalSeconds, 1)} s");

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");

    private static string Long(TimeSpan time) => time.TotalMinutes < 2
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s")
        : time.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h");
}
