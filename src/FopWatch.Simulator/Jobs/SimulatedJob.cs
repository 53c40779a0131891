namespace FopWatch.Simulator;

/// <summary>The form in which the provider speaks of a job, in notifications and status answers alike.</summary>
public enum BodyShape
{
    /// <summary>Qiniu persistent processing.</summary>
    QiniuClassic,

    /// <summary>Qiniu workflow, <c>version</c> <c>v3</c>.</summary>
    QiniuWorkflowV3,

    /// <summary>Qiniu workflow of the second generation: <c>status</c> and <c>success</c>, no code at the top.</summary>
    QiniuWorkflowV2,

    /// <summary>Wangsu file management.</summary>
    WangsuFmgr,

    /// <summary>Wangsu persistent processing.</summary>
    WangsuFops,
}

/// <summary>How the provider signs a job's genuine notifications, provided that it was given keys.</summary>
public enum SigningScheme
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Qiniu's newer scheme, which covers the body.</summary>
    Qiniu,

    /// <summary>Qiniu's older scheme, which does not cover a JSON body.</summary>
    QBox,

    /// <summary>Wangsu's scheme.</summary>
    Wangsu,
}

/// <summary>How the body of a Wangsu notification is written.</summary>
public enum WangsuEncoding
{
    /// <summary>Base64 with <c>-</c>, <c>_</c> and padding, as documented.</summary>
    UrlSafeBase64,

    /// <summary>Base64 with <c>+</c>, <c>/</c> and padding.</summary>
    PlainBase64,

    /// <summary>Base64 with <c>-</c> and <c>_</c>, without padding.</summary>
    UnpaddedBase64,

    /// <summary>The JSON itself.</summary>
    BareJson,
}

/// <summary>How one command of a simulated job really ends.</summary>
public enum ItemFate
{
    /// <summary>With its outputs, if it has any.</summary>
    Succeeded,

    /// <summary>With an error.</summary>
    Failed,

    /// <summary>Never run: something it depends on failed, or the job was cancelled. Only in <see cref="BodyShape.QiniuWorkflowV3"/>.</summary>
    Skipped,
}

/// <summary>One object that a command wrote.</summary>
/// <param name="Bucket">Its bucket.</param>
/// <param name="Key">Its key.</param>
/// <param name="Hash">Its hash, in Qiniu's form of 28 characters.</param>
/// <param name="Size">Its size in bytes.</param>
public sealed record SimulatedOutput(string Bucket, string Key, string Hash, long Size);

/// <summary>One command of a simulated job, and the truth about it.</summary>
public sealed record SimulatedItem
{
    /// <summary>The command. It may embed <see cref="Secret"/>.</summary>
    public required string Command { get; init; }

    /// <summary>How it ends.</summary>
    public required ItemFate Fate { get; init; }

    /// <summary>What it wrote, if it succeeded; empty for a command that answers with a result instead, such as <c>avinfo</c>.</summary>
    public IReadOnlyList<SimulatedOutput> Outputs { get; init; } = [];

    /// <summary>Why it failed, if it did.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the target existed and came back as it was, unprocessed (Qiniu <c>returnOld</c> 1).</summary>
    public bool ReturnOld { get; init; }

    /// <summary>When it starts, counted from the submission; not before the job's <see cref="SimulatedJob.ProcessingAfter"/> in any case.</summary>
    public TimeSpan StartedAfter { get; init; }

    /// <summary>
    /// When it ends, counted from the submission; null for with the job. At most the job's <see cref="SimulatedJob.DoneAfter"/>.
    /// </summary>
    public TimeSpan? FinishedAfter { get; init; }

    /// <summary>The encryption key in the command (<c>hlsKey/…</c>), as it stands there; whoever watches the job must keep it to himself.</summary>
    public string? Secret { get; init; }

    /// <summary>The credential in a URL that the command names, Base64-encoded with it; as secret as <see cref="Secret"/>.</summary>
    public string? UrlSecret { get; init; }

    /// <summary>What a content audit says, if the command is one and succeeded: <c>pass</c>, <c>review</c> or <c>block</c>. Only in <see cref="BodyShape.QiniuClassic"/>.</summary>
    public string? Suggestion { get; init; }

    /// <summary>The keys of the files that were unpacked from its output. Only in <see cref="BodyShape.WangsuFmgr"/>.</summary>
    public IReadOnlyList<string> Unpacked { get; init; } = [];

    /// <summary>Indexes of the items whose output this one works on; only in workflows.</summary>
    public IReadOnlyList<int> DependsOn { get; init; } = [];
}

/// <summary>How many items of a job end how.</summary>
/// <param name="Total">All of them.</param>
/// <param name="Succeeded">Those that succeed.</param>
/// <param name="Failed">Those that fail.</param>
/// <param name="Skipped">Those that never run.</param>
public sealed record ExpectedCounts(int Total, int Succeeded, int Failed, int Skipped);

/// <summary>How an item looks to an observer who errs nowhere.</summary>
/// <param name="State"><c>succeeded</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="OutputKeys">The keys of all that it wrote, as far as bodies of the job's shape name them.</param>
/// <param name="Suggestion">The verdict of a content audit; null for any other command.</param>
public sealed record ExpectedItem(string State, IReadOnlyList<string> OutputKeys, string? Suggestion);

/// <summary>One job at the simulated provider: what was asked for, what becomes of it, and what goes wrong in reporting it.</summary>
public sealed record SimulatedJob
{
    /// <summary>Decides everything about the job's bodies that is not said here, such as the order of their keys.</summary>
    public required int Seed { get; init; }

    /// <summary>The <c>persistentId</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The form of the job's bodies.</summary>
    public required BodyShape Shape { get; init; }

    /// <summary>The commands; at least one.</summary>
    public required IReadOnlyList<SimulatedItem> Items { get; init; }

    /// <summary>The input's bucket.</summary>
    public string Bucket { get; init; } = "media";

    /// <summary>The input's key.</summary>
    public string Key { get; init; } = "in.mp4";

    /// <summary>Qiniu's queue.</summary>
    public string Pipeline { get; init; } = "0.default";

    /// <summary>Qiniu's request id.</summary>
    public string RequestId { get; init; } = "NTAAAGzpokQgZgkU";

    /// <summary>What started a Qiniu job, such as <c>workflow:5f1</c>; null if an API call did.</summary>
    public string? TaskFrom { get; init; }

    /// <summary>Whether it is one of Qiniu's idle-time tasks (<c>type</c> 1).</summary>
    public bool Idle { get; init; }

    /// <summary>When the first command starts, counted from the submission.</summary>
    public TimeSpan ProcessingAfter { get; init; }

    /// <summary>When the processing is over, counted from the submission.</summary>
    public required TimeSpan DoneAfter { get; init; }

    /// <summary>Whether the job is cancelled; only in <see cref="BodyShape.QiniuWorkflowV3"/>.</summary>
    public bool Cancelled { get; init; }

    /// <summary>Whether every finished operation is notified on its own (Wangsu <c>separate</c> 1).</summary>
    public bool Separate { get; init; }

    /// <summary>Whether each of the separate notifications lists all items; otherwise only the finished one.</summary>
    public bool SeparateListsAll { get; init; }

    /// <summary>Whether the code at the top says 0 even though an item failed; only in <see cref="BodyShape.QiniuClassic"/>.</summary>
    public bool ClaimsSuccess { get; init; }

    /// <summary>How the genuine notifications are signed.</summary>
    public SigningScheme Signing { get; init; }

    /// <summary>How the bodies of a Wangsu job's notifications are written.</summary>
    public WangsuEncoding Encoding { get; init; }

    /// <summary>Whether the provider never heard of the id and never notifies: nobody can find out how the job ended.</summary>
    public bool Unobtainable { get; init; }

    /// <summary>What goes wrong in reporting how the job stands.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>Whether the job is with Wangsu rather than Qiniu.</summary>
    public bool IsWangsu => Shape is BodyShape.WangsuFmgr or BodyShape.WangsuFops;

    /// <summary>
    /// The state that an observer who errs nowhere ends with: <c>succeeded</c>, <c>partiallyFailed</c>, <c>failed</c>,
    /// <c>cancelled</c>, or <c>expired</c> for an <see cref="Unobtainable"/> job.
    /// </summary>
    public string ExpectedState
    {
        get
        {
            if (Unobtainable)
                return "expired";
            if (Cancelled)
                return "cancelled";
            var failed = Items.Any(item => item.Fate == ItemFate.Failed);
            var succeeded = Items.Any(item => item.Fate == ItemFate.Succeeded);
            return failed ? (succeeded ? "partiallyFailed" : "failed") : "succeeded";
        }
    }

    /// <summary>The keys of unpacked files that the body lists beside its only command. Only in <see cref="BodyShape.WangsuFmgr"/>.</summary>
    public IReadOnlyList<string> Unpacked { get; init; } = [];

    /// <summary>Everything in the commands that whoever watches the job must keep to himself.</summary>
    public IEnumerable<string> Secrets => Items.SelectMany(item => (string?[])[item.Secret, item.UrlSecret]).OfType<string>();

    /// <summary>The items that the same observer ends with; none of an <see cref="Unobtainable"/> job.</summary>
    public IReadOnlyList<ExpectedItem> ExpectedItems => Unobtainable
        ? []
        : [.. Items.Select(item => item.Fate switch
        {
            ItemFate.Succeeded => new ExpectedItem("succeeded", OutputKeys(item), item.Suggestion),
            ItemFate.Failed => new("failed", [], null),
            _ => new("skipped", [], null),
        })];

    /// <summary>The counts that the same observer ends with.</summary>
    public ExpectedCounts ExpectedCounts => Unobtainable
        ? new(0, 0, 0, 0)
        : new(
            Items.Count,
            Items.Count(item => item.Fate == ItemFate.Succeeded),
            Items.Count(item => item.Fate == ItemFate.Failed),
            Items.Count(item => item.Fate == ItemFate.Skipped));

    // Workflows V2 do not say what they wrote.
    private IReadOnlyList<string> OutputKeys(SimulatedItem item) =>
        Shape == BodyShape.QiniuWorkflowV2 || item.Outputs.Count == 0 ? [] : [.. item.Outputs.Select(output => output.Key), .. item.Unpacked, .. Unpacked];
}
