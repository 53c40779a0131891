namespace FopWatch.Simulator;

/// <summary>The form of a job's bodies, in notifications and status answers.</summary>
public enum BodyShape
{
    /// <summary>Qiniu persistent processing.</summary>
    QiniuClassic,

    /// <summary>Qiniu workflow, <c>version</c> <c>v3</c>.</summary>
    QiniuWorkflowV3,

    /// <summary>Qiniu workflow of the second generation: <c>status</c> and <c>success</c>, without a top-level code.</summary>
    QiniuWorkflowV2,

    /// <summary>Wangsu file management.</summary>
    WangsuFmgr,

    /// <summary>Wangsu persistent processing.</summary>
    WangsuFops,
}

/// <summary>How the provider signs a job's genuine notifications, if it has keys.</summary>
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

/// <summary>The true outcome of a command of a simulated job.</summary>
public enum ItemFate
{
    /// <summary>It succeeded, with its outputs, if any.</summary>
    Succeeded,

    /// <summary>It failed with an error.</summary>
    Failed,

    /// <summary>
    /// It never ran: a command on which it depends failed, or the job was cancelled. Only in <see cref="BodyShape.QiniuWorkflowV3"/>.
    /// </summary>
    Skipped,
}

/// <summary>An object that a command wrote.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="Hash">The hash in Qiniu's form of 28 characters.</param>
/// <param name="Size">The size in bytes.</param>
public sealed record SimulatedOutput(string Bucket, string Key, string Hash, long Size);

/// <summary>A command of a simulated job, with its true outcome.</summary>
public sealed record SimulatedItem
{
    /// <summary>The command. It may embed <see cref="Secret"/>.</summary>
    public required string Command { get; init; }

    /// <summary>How it ends.</summary>
    public required ItemFate Fate { get; init; }

    /// <summary>The outputs, if it succeeded; empty for a command with a result instead, such as <c>avinfo</c>.</summary>
    public IReadOnlyList<SimulatedOutput> Outputs { get; init; } = [];

    /// <summary>Why it failed, if it did.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the target already existed and was returned unprocessed (Qiniu <c>returnOld</c> 1).</summary>
    public bool ReturnOld { get; init; }

    /// <summary>
    /// The time from the submission to its start. It never starts before the job's <see cref="SimulatedJob.ProcessingAfter"/>.
    /// </summary>
    public TimeSpan StartedAfter { get; init; }

    /// <summary>
    /// The time from the submission to its end; null for the end of the job. At most the job's <see cref="SimulatedJob.DoneAfter"/>.
    /// </summary>
    public TimeSpan? FinishedAfter { get; init; }

    /// <summary>The encryption key in the command (<c>hlsKey/…</c>), as written there. An observer must not reveal it.</summary>
    public string? Secret { get; init; }

    /// <summary>The credential in a URL in the command, Base64-encoded with the URL. It is as secret as <see cref="Secret"/>.</summary>
    public string? UrlSecret { get; init; }

    /// <summary>
    /// The verdict of a successful content audit: <c>pass</c>, <c>review</c> or <c>block</c>. Only in <see cref="BodyShape.QiniuClassic"/>.
    /// </summary>
    public string? Suggestion { get; init; }

    /// <summary>The keys of the files that were unpacked from its output. Only in <see cref="BodyShape.WangsuFmgr"/>.</summary>
    public IReadOnlyList<string> Unpacked { get; init; } = [];

    /// <summary>The indexes of the items whose outputs this item processes; only in workflows.</summary>
    public IReadOnlyList<int> DependsOn { get; init; } = [];
}

/// <summary>The number of a job's items by outcome.</summary>
/// <param name="Total">All items.</param>
/// <param name="Succeeded">Items that succeed.</param>
/// <param name="Failed">Items that fail.</param>
/// <param name="Skipped">Items that never run.</param>
public sealed record ExpectedCounts(int Total, int Succeeded, int Failed, int Skipped);

/// <summary>An item as a correct observer sees it.</summary>
/// <param name="State"><c>succeeded</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="OutputKeys">The keys of its outputs, as far as bodies of the job's shape name them.</param>
/// <param name="Suggestion">The verdict of a content audit; null for any other command.</param>
public sealed record ExpectedItem(string State, IReadOnlyList<string> OutputKeys, string? Suggestion);

/// <summary>A job at the simulated provider: its commands, its true outcome, and the faults in reporting it.</summary>
public sealed record SimulatedJob
{
    /// <summary>The seed of all other details of the job's bodies, such as the order of keys.</summary>
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

    /// <summary>The time from the submission to the start of the first command.</summary>
    public TimeSpan ProcessingAfter { get; init; }

    /// <summary>The time from the submission to the end of processing.</summary>
    public required TimeSpan DoneAfter { get; init; }

    /// <summary>Whether the job is cancelled; only in <see cref="BodyShape.QiniuWorkflowV3"/>.</summary>
    public bool Cancelled { get; init; }

    /// <summary>Whether every finished operation has its own notification (Wangsu <c>separate</c> 1).</summary>
    public bool Separate { get; init; }

    /// <summary>Whether each separate notification lists all items instead of only the finished one.</summary>
    public bool SeparateListsAll { get; init; }

    /// <summary>Whether the top-level code is 0 although an item failed; only in <see cref="BodyShape.QiniuClassic"/>.</summary>
    public bool ClaimsSuccess { get; init; }

    /// <summary>How the genuine notifications are signed.</summary>
    public SigningScheme Signing { get; init; }

    /// <summary>How the bodies of a Wangsu job's notifications are written.</summary>
    public WangsuEncoding Encoding { get; init; }

    /// <summary>Whether the provider does not know the id and never notifies, so that the outcome cannot be found.</summary>
    public bool Unobtainable { get; init; }

    /// <summary>The faults in reporting the job.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>Whether the provider is Wangsu, not Qiniu.</summary>
    public bool IsWangsu => Shape is BodyShape.WangsuFmgr or BodyShape.WangsuFops;

    /// <summary>
    /// The final state for a correct observer: <c>succeeded</c>, <c>partiallyFailed</c>, <c>failed</c>, <c>cancelled</c>, or <c>expired</c>
    /// for an <see cref="Unobtainable"/> job.
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

    /// <summary>
    /// The keys of unpacked files that the body lists beside its only command. Only in <see cref="BodyShape.WangsuFmgr"/>.
    /// </summary>
    public IReadOnlyList<string> Unpacked { get; init; } = [];

    /// <summary>The secrets in the commands. An observer must not reveal them.</summary>
    public IEnumerable<string> Secrets => Items.SelectMany(item => (string?[])[item.Secret, item.UrlSecret]).OfType<string>();

    /// <summary>The final items for a correct observer; none for an <see cref="Unobtainable"/> job.</summary>
    public IReadOnlyList<ExpectedItem> ExpectedItems => Unobtainable
        ? []
        : [.. Items.Select(item => item.Fate switch
        {
            ItemFate.Succeeded => new ExpectedItem("succeeded", OutputKeys(item), item.Suggestion),
            ItemFate.Failed => new("failed", [], null),
            _ => new("skipped", [], null),
        })];

    /// <summary>The final counts for a correct observer.</summary>
    public ExpectedCounts ExpectedCounts => Unobtainable
        ? new(0, 0, 0, 0)
        : new(
            Items.Count,
            Items.Count(item => item.Fate == ItemFate.Succeeded),
            Items.Count(item => item.Fate == ItemFate.Failed),
            Items.Count(item => item.Fate == ItemFate.Skipped));

    // V2 workflows do not report their outputs.
    private IReadOnlyList<string> OutputKeys(SimulatedItem item) =>
        Shape == BodyShape.QiniuWorkflowV2 || item.Outputs.Count == 0 ? [] : [.. item.Outputs.Select(output => output.Key), .. item.Unpacked, .. Unpacked];
}
