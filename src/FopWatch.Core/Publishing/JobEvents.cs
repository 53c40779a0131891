using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Publishing;

/// <summary>How jobs and events look on the wire.</summary>
public static class JobEvents
{
    // Readers take 64 levels by default, of which an event or a list has some around it.
    private const int MaxResultDepth = 56;

    /// <summary>The job as the HTTP API answers it and as events carry it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="domains">The domains of the job's source: they give outputs a URL where the provider gave none.</param>
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
    /// The id of the event of one version of a job: 32 hex digits, the same every time. Hashed, because source, id and version
    /// together can be longer than the 128 characters that Service Bus allows a message id.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="registeredAt">Its <see cref="Job.RegisteredAt"/>: a job that comes again after it was purged has the same versions again.</param>
    /// <param name="version">Its version.</param>
    public static string IdOf(JobKey key, DateTimeOffset registeredAt, long version)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{key.Source}\n{key.Id}\n{registeredAt.UtcTicks}\n{version}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }

    /// <summary>
    /// The event that a change is to be published as; null if it is not. Decides nothing: the change has its <see cref="JobChange.EventType"/> from
    /// <see cref="Job.ChangedTo"/> or <see cref="Job.Republish"/>.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="domains">The domains of the job's source. The event keeps the URLs of this moment, whatever is set later.</param>
    public static OutboxEvent? ToEvent(this JobChange change, OutputDomains? domains = null)
    {
        if (change.EventType is null)
            return null;

        // What is known of the job is bounded; the URLs of its outputs may still be too much.
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

    /// <summary>What is gone of a result, as the wire names it.</summary>
    internal static IEnumerable<JobTruncation> GoneOf(ResultCut cut)
    {
        const string Result = "/result";
        foreach (var part in cut.Parts)
            yield return new() { At = Result + part.At, Elements = part.Elements, TextBytes = part.TextBytes, Dropped = part.Dropped ? true : null };

        // Of what an earlier version cut as text, only the length of the beginning is known, and not the parts that are gone.
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
