using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Publishing;

/// <summary>Converts jobs and events to their wire format.</summary>
public static class JobEvents
{
    // Readers accept 64 levels by default, and an event or a list adds some around a result.
    private const int MaxResultDepth = 56;

    /// <summary>The job as the HTTP API returns it and as events contain it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="domains">The domains of the job's source. They give an output a URL if the provider gave none.</param>
    public static JobRecord ToRecord(this Job job, OutputDomains? domains = null)
    {
        var facts = job.Facts;
        IReadOnlyList<JobItem> items = [.. facts.ItemsInOrder.Select(item => ToItem(item, domains))];
        return new()
        {
            Source = job.Key.Source,
            Id = job.Key.Id,
            Provider = job.Provider,
            State = job.State,
            Settled = job.IsSettled,
            SettledBy = job.IsSettled ? job.SettledBy : null,
            Overdue = job.IsOverdue,
            Bucket = facts.Bucket,
            Key = facts.Key,
            Pipeline = facts.Pipeline,
            RequestId = facts.RequestId,
            TaskFrom = facts.TaskFrom,
            CreatedAt = facts.CreatedAt,
            Notification = facts.Delivery,
            Counts = facts.Counts,
            Items = items,
            Truncated = facts.Cut >= FactsCut.Outputs || items.Any(item => item.Truncated is not null),
            Metadata = job.Metadata.IsEmpty ? null : job.Metadata,
            RegisteredAt = job.RegisteredAt,
            UpdatedAt = job.UpdatedAt,
            SettledAt = job.IsSettled ? job.SettledAt : null,
            Polls = job.Watch.TotalPolls,
            Version = job.Version,
        };
    }

    /// <summary>
    /// The id of the event for one version of a job: 32 hex digits, always the same. It is a hash, because source, id and version together
    /// can exceed the 128 characters that Service Bus allows for a message id.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="registeredAt">The <see cref="Job.RegisteredAt"/>. It distinguishes a job that returns after a purge, whose versions start again.</param>
    /// <param name="version">The version.</param>
    public static string IdOf(JobKey key, DateTimeOffset registeredAt, long version)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{key.Source}\n{key.Id}\n{registeredAt.UtcTicks}\n{version}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }

    /// <summary>
    /// The event of a change; null if the change is not published. <see cref="Job.ChangedTo"/> and <see cref="Job.Republish"/> decide that with
    /// <see cref="JobChange.EventType"/>.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="domains">The domains of the job's source. The event keeps these URLs even if the settings change later.</param>
    public static OutboxEvent? ToEvent(this JobChange change, OutputDomains? domains = null)
    {
        if (change.EventType is null)
            return null;

        // The facts of a job are bounded, but the URLs of its outputs may still exceed the limit.
        var job = change.Job;
        while (true)
        {
            var cloudEvent = ToCloudEvent(job, change.EventType, domains);
            var body = JsonWriting.ToBytes(cloudEvent, EventDocument.Write);
            if (body.Length > FactsSize.Most && FactsSize.Of(job.Facts).Shorten(job.Facts) is { } shorter)
            {
                job = job with { Facts = shorter };
                continue;
            }

            return new()
            {
                Id = cloudEvent.Id,
                Key = job.Key,
                Version = job.Version,
                Type = cloudEvent.Type,
                Time = cloudEvent.Time,
                Body = body,
            };
        }
    }

    private static JobEvent ToCloudEvent(Job job, string type, OutputDomains? domains) => new()
    {
        Id = IdOf(job.Key, job.RegisteredAt, job.Version),
        Type = type,
        Source = JobEvent.SourcePrefix + job.Key.Source,
        Subject = job.Key.Id,
        Time = job.UpdatedAt,
        Data = job.ToRecord(domains),
    };

    private static JobItem ToItem(ItemFacts item, OutputDomains? domains)
    {
        var (result, resultCut) = JsonCut.ToDepth(MaxResultDepth, item.Result, item.ResultCut);
        return new()
        {
            Command = item.Command,
            State = item.State,
            ReusedOldOutput = item.ReusedOldOutput,
            Error = item.Error,
            ErrorIndex = item.ErrorIndex,
            Result = result is null or "null" ? null : JsonElement.Parse(result),
            Truncated = GoneOf(item, resultCut) is { Count: > 0 } gone ? gone : null,
            Input = item.Input is { } input ? new JobInput { Bucket = input.Bucket, Key = input.Key.Length == 0 ? null : input.Key } : null,
            Outputs = [.. item.Outputs.Select(output => new JobOutput
            {
                Bucket = output.Bucket,
                Key = output.Key,
                Hash = output.Hash,
                Url = output.Url ?? domains?.UrlOf(output.Bucket, output.Key),
                Size = output.Size,
            })],
        };
    }

    /// <summary>The removed parts of a result, in wire format.</summary>
    internal static IEnumerable<JobTruncation> GoneOf(ResultCut cut)
    {
        const string Result = "/result";
        foreach (var part in cut.Parts)
            yield return new() { At = Result + part.At, Elements = part.Elements, TextBytes = part.TextBytes, Dropped = part.Dropped ? true : null };

        // Earlier versions cut results as text. Only the length of the kept text is known, not the removed parts.
        if (cut.TextBytes is not null || cut.Unnamed > 0)
            yield return new() { At = Result, More = true };
        if (cut.Dropped)
            yield return new() { At = Result, Dropped = true };
    }

    private static List<JobTruncation> GoneOf(ItemFacts item, ResultCut? resultCut)
    {
        List<JobTruncation> gone = resultCut is null ? [] : [.. GoneOf(resultCut)];
        if (item.ErrorCut)
            gone.Add(new() { At = "/error" });
        if (item.OutputsCut)
            gone.Add(new() { At = "/outputs" });
        return gone;
    }
}
