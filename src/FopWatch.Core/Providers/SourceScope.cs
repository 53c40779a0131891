using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>
/// The buckets and pipelines that a source is about. A status API answers for anybody's ids (providers.md, section 1), so a report that is
/// true may be about the job of another account.
/// </summary>
public sealed class SourceScope
{
    private readonly HashSet<string> _buckets;
    private readonly HashSet<string> _pipelines;

    /// <param name="buckets">The buckets; empty for any.</param>
    /// <param name="pipelines">
    /// The pipelines, as the provider reports them (<c>1381556928.video</c>) or without the number of the account (<c>video</c>); empty for any.
    /// </param>
    public SourceScope(IEnumerable<string> buckets, IEnumerable<string> pipelines) =>
        (_buckets, _pipelines) = (buckets.ToHashSet(StringComparer.Ordinal), pipelines.ToHashSet(StringComparer.Ordinal));

    /// <summary>Any bucket and any pipeline.</summary>
    public static SourceScope Any { get; } = new([], []);

    /// <summary>Whether it is limited to some buckets.</summary>
    public bool HasBuckets => _buckets.Count > 0;

    /// <summary>Whether it is limited to some pipelines.</summary>
    public bool HasPipelines => _pipelines.Count > 0;

    /// <summary>Why a report is not about this source; null if it is.</summary>
    /// <param name="report">The report.</param>
    /// <param name="isVouchedFor">
    /// Whether anything besides the report says that the job is the source's: its registration, a trusted notification. Then a report may leave
    /// its bucket and its pipeline out, as older and compatible servers do. Otherwise a bucket that only commands name has to be named by one
    /// that succeeded.
    /// </param>
    public ForeignReport? ObjectionTo(JobReport report, bool isVouchedFor)
    {
        ArgumentNullException.ThrowIfNull(report);
        IReadOnlyList<string> pipelines = report.Facts.Pipeline is { } pipeline ? [pipeline] : [];
        return Objection("Buckets", "bucket", HasBuckets, report.Buckets, report.ShownBuckets, _buckets.Contains, isVouchedFor)
            ?? Objection("Pipelines", "pipeline", HasPipelines, pipelines, pipelines, HasPipeline, isVouchedFor);
    }

    /// <summary>What an answer of the status API means to this source: a report that is not about it is no report.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="origin">How FopWatch came to know of the job. A hint vouches for nothing.</param>
    public StatusAnswer Judge(StatusAnswer answer, JobOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.Report is { } report && ObjectionTo(report, isVouchedFor: origin != JobOrigin.Hint) is { } foreign
            ? answer with { Answer = PollAnswer.OutOfScope, Report = null, Detail = $"{foreign.InGeneral}; it was not recorded" }
            : answer;
    }

    private static ForeignReport? Objection(
        string setting,
        string what,
        bool isLimited,
        IReadOnlyList<string> named,
        IReadOnlyList<string> shown,
        Func<string, bool> contains,
        bool isVouchedFor)
    {
        if (!isLimited)
            return null;
        if (named.FirstOrDefault(one => !contains(one)) is { } other)
            return new(setting, what, other);
        return isVouchedFor || shown.Count > 0 ? null : new(setting, what, null) { IsNamedInVain = named.Count > 0 };
    }

    /// <summary>The number of the account counts where both sides have one.</summary>
    private bool HasPipeline(string named)
    {
        if (_pipelines.Contains(named))
            return true;

        var name = WithoutAccount(named);
        return name == named
            ? _pipelines.Any(pipeline => WithoutAccount(pipeline) == name)
            : _pipelines.Contains(name);
    }

    /// <summary><c>1381556928.video</c> is the pipeline <c>video</c> of an account, <c>0.default</c> the public one.</summary>
    private static string WithoutAccount(string pipeline)
    {
        var dot = pipeline.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && pipeline.AsSpan(0, dot).IndexOfAnyExceptInRange('0', '9') < 0 ? pipeline[(dot + 1)..] : pipeline;
    }
}

/// <summary>Why a report is not about a source.</summary>
/// <param name="Setting">The setting that says so: <c>Buckets</c> or <c>Pipelines</c>.</param>
/// <param name="What">What the setting lists: a bucket or a pipeline.</param>
/// <param name="Named">What the report names; null if it names none.</param>
public sealed record ForeignReport(string Setting, string What, string? Named)
{
    private const int MaxNamed = 80;

    /// <summary>Whether the report does name what is listed, but only in commands that did not succeed.</summary>
    public bool IsNamedInVain { get; init; }

    /// <summary>The reason without anything that the report holds, for logs.</summary>
    public string InGeneral => Named is null
        ? $"{(IsNamedInVain ? $"no command that succeeded names a {What}" : $"the report names no {What}")}, only an untrusted notification names the job, and the source has {Setting}"
        : $"the report is about a {What} that is not among the source's {Setting}";

    /// <summary>The reason, for callers who may see the report.</summary>
    /// <param name="source">The name of the source.</param>
    public string ToWords(string source) => Named is null
        ? $"{char.ToUpperInvariant(InGeneral[0])}{InGeneral[1..]}."
        : $"The report is about the {What} '{(Named.Length <= MaxNamed ? Named : Named[..MaxNamed] + "…")}', which is not in FopWatch:Sources:{source}:{Setting}.";
}
