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
    /// <summary>The job as the HTTP API answers it and as events carry it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="domains">The domains of the job's source: they give outputs a URL where the provider gave none.</param>
    public static JobRecord ToRecord(this Job job, OutputDomains? domains = null)
    {
        var facts = job.Facts;
        return new()
        {
            Source = job.Key.Source,
            Id = job.Key.Id,
            Provider = job.Provider,
            State = job.State,
            Settled = job.IsSettled,
            SettledBy = job.IsSettled ? job.SettledBy : null,
            Bucket = facts.Bucket,
            Key = facts.Key,
            Pipeline = facts.Pipeline,
            RequestId = facts.RequestId,
            TaskFrom = facts.TaskFrom,
            CreatedAt = facts.CreatedAt,
            Notification = facts.Delivery,
            Counts = facts.Counts,
            Items = [.. facts.Items.Select(item => ToItem(item, domains))],
            Truncated = facts.Cut >= FactsCut.Outputs,
            Metadata = job.Metadata.IsEmpty ? null : job.Metadata,
            RegisteredAt = job.RegisteredAt,
            UpdatedAt = job.UpdatedAt,
            SettledAt = job.IsSettled ? job.SettledAt : null,
            Polls = job.Watch.Polls,
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

    /// <summary>The event that a change is to be published as; null if it is not.</summary>
    /// <param name="change">The change.</param>
    /// <param name="domains">The domains of the job's source. The event keeps the URLs of this moment, whatever is set later.</param>
    public static OutboxEvent? ToEvent(this JobChange change, OutputDomains? domains = null)
    {
        if (change.EventType is null)
            return null;

        var job = change.Job;
        var cloudEvent = new JobEvent
        {
            Id = IdOf(job.Key, job.RegisteredAt, job.Version),
            Type = change.EventType,
            Source = JobEvent.SourcePrefix + job.Key.Source,
            Subject = job.Key.Id,
            Time = job.UpdatedAt,
            Data = job.ToRecord(domains),
        };
        return new()
        {
            Id = cloudEvent.Id,
            Key = job.Key,
            Version = job.Version,
            Type = cloudEvent.Type,
            Time = cloudEvent.Time,
            Body = JsonSerializer.SerializeToUtf8Bytes(cloudEvent, ContractsJson.Wire.JobEvent),
        };
    }

    private static JobItem ToItem(ItemFacts item, OutputDomains? domains) => new()
    {
        Command = item.Command,
        State = item.State,
        ReusedOldOutput = item.ReusedOldOutput,
        Error = item.Error,
        ErrorIndex = item.ErrorIndex,
        Result = item.Result,
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
