using System.Text.Json.Nodes;

namespace FopWatch.Simulator;

/// <summary>The provider's view of its notification of a job.</summary>
internal enum NotificationFate
{
    /// <summary>No attempt has been made.</summary>
    None,

    /// <summary>It failed and will be retried.</summary>
    Retrying,

    /// <summary>The provider gave up on it.</summary>
    Failed,

    /// <summary>It was answered with 200.</summary>
    Delivered,
}

/// <summary>The progress of an item.</summary>
internal enum ItemStage
{
    Waiting,
    Processing,
    Over,
}

/// <summary>A notification or status answer with the state of a job at one moment.</summary>
/// <param name="Job">The job.</param>
/// <param name="IsNotification">Whether it is a notification or a status answer. Wangsu's codes differ between the two.</param>
/// <param name="Age">The time since the submission.</param>
/// <param name="SubmittedAt">When the job was submitted.</param>
/// <param name="Ordinal">The number of the report. Each number gives another order of keys and items.</param>
internal sealed record ProviderReport(SimulatedJob Job, bool IsNotification, TimeSpan Age, DateTimeOffset SubmittedAt, int Ordinal)
{
    /// <summary>The provider's view of its notification, which only status answers show.</summary>
    public NotificationFate Notification { get; init; }

    /// <summary>The only item to list; null for all.</summary>
    public int? Only { get; init; }

    /// <summary>Whether the processing is over.</summary>
    public bool IsOver => Age >= Job.DoneAfter;

    /// <summary>Whether anything has started.</summary>
    public bool HasStarted => Age >= Job.ProcessingAfter;

    /// <summary>The indexes of the items that are listed.</summary>
    public IEnumerable<int> Listed => Only is { } only ? [only] : Enumerable.Range(0, Job.Items.Count);

    public ItemStage Stage(SimulatedItem item) =>
        IsOver || (item.Fate != ItemFate.Skipped && Age >= item.FinishedAfter) ? ItemStage.Over
        : HasStarted && item.Fate != ItemFate.Skipped && Age >= item.StartedAfter ? ItemStage.Processing
        : ItemStage.Waiting;

    /// <summary>The body as JSON.</summary>
    public string ToJson()
    {
        var random = Seeded.Random(Job.Seed, IsNotification ? 3 : 4, Ordinal);
        var writer = new BodyWriter(random);
        var body = Job.Shape switch
        {
            BodyShape.QiniuClassic => QiniuBodies.Classic(this, writer),
            BodyShape.QiniuWorkflowV3 => QiniuBodies.WorkflowV3(this, writer),
            BodyShape.QiniuWorkflowV2 => QiniuBodies.WorkflowV2(this, writer),
            _ => WangsuBodies.Fops(this, writer),
        };
        return body.ToJsonString(BodyWriter.AsProvidersWrite);
    }

    /// <summary>The same job with another outcome, as a plausible forgery reports it.</summary>
    public static SimulatedJob Lie(SimulatedJob job) => job with
    {
        Cancelled = false,
        ClaimsSuccess = false,
        Items =
        [
            .. job.Items.Select(item => item.Fate == ItemFate.Succeeded
                ? item with { Fate = ItemFate.Failed, Outputs = [], Unpacked = [], Suggestion = null, Error = "execute fop cmd failed: not a valid media" }
                : item with { Fate = ItemFate.Succeeded, Error = null, Outputs = [new(job.Bucket, "forged.mp4", "Fforgedforgedforgedforgedfor", 666)] }),
        ],
    };

    /// <summary>Undocumented fields, as if the provider had extended its schema.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Unknown(BodyWriter writer)
    {
        if (writer.Random.Chance(0.3))
            yield return new("costMs", writer.Random.Next(100_000));
        if (writer.Random.Chance(0.2))
            yield return new("futureField", new JsonObject { ["code"] = 7, ["items"] = new JsonArray(1, "two", null) });
        if (writer.Random.Chance(0.1))
            yield return new("note", null);
    }
}
