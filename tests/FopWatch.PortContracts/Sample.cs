using System.Text;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>Jobs, changes and notifications at fixed times, made by the real core.</summary>
public static class Sample
{
    private const int Mebibyte = 1024 * 1024;

    /// <summary>The start time of every sample.</summary>
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>A registered job at version 1, first due two minutes after its registration.</summary>
    public static Job Job(string id, string source = "media", TimeSpan after = default)
    {
        var now = Start + after;
        var watch = new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now.AddMinutes(2) };
        return FopWatch.Jobs.Job.New(new(source, id), ProviderKind.Qiniu, JobOrigin.Hint, watch, now)
            .Register(new Dictionary<string, string> { ["lesson"] = "第 42 课" }, now).Job;
    }

    /// <summary>The change by a report that one of two commands is running.</summary>
    public static JobChange Progressed(this Job job, TimeSpan after = default) =>
        job.Apply(Report(closed: false, ItemState.Processing, ItemState.Waiting), job.RegisteredAt + after);

    /// <summary>The change by a report that both commands succeeded.</summary>
    public static JobChange Settled(this Job job, TimeSpan after = default) =>
        job.Apply(Report(closed: true, ItemState.Succeeded, ItemState.Succeeded), job.RegisteredAt + after);

    /// <summary>The change by a report that one of two commands failed.</summary>
    public static JobChange PartiallyFailed(this Job job, TimeSpan after = default) =>
        job.Apply(Report(closed: true, ItemState.Succeeded, ItemState.Failed), job.RegisteredAt + after);

    /// <summary>A report that both commands succeeded.</summary>
    public static JobReport Succeeded(ReportChannel channel) => Report(closed: true, ItemState.Succeeded, ItemState.Succeeded) with { Channel = channel };

    /// <summary>The job, given up and no longer watched.</summary>
    public static JobChange Expired(this Job job, TimeSpan after = default)
    {
        var change = job.GiveUp(SettledBy.Deadline, job.RegisteredAt + after);
        return change with { Job = change.Job with { Watch = change.Job.Watch.GiveUp() } };
    }

    /// <summary>The job, given up and watched again after a new report.</summary>
    public static JobChange ExpiredAndWatched(this Job job, TimeSpan after = default)
    {
        var change = job.Expired(after);
        return change with { Job = change.Job.DueAt(job.RegisteredAt + after) };
    }

    /// <summary>The job, due at another time, without a new version.</summary>
    public static Job DueAt(this Job job, DateTimeOffset? dueAt)
    {
        var watch = dueAt is { } at ? job.Watch.Due(at) : job.Watch with { DueAt = null };
        return job.Rewatch(watch with { Polls = job.Watch.Polls + 1 }).Job;
    }

    /// <summary>The change by a poll that finds the job overdue.</summary>
    public static JobChange Overdue(this Job job, TimeSpan after = default) => job.BecomeOverdue(job.RegisteredAt + after);

    /// <summary>The job after a request to stop its watch.</summary>
    public static Job Stopped(this Job job) => job.Rewatch(job.Watch.Stop()).Job;

    /// <summary>The job with a body of a little more than the given MiB, which a store may compress to almost nothing.</summary>
    public static Job Sized(this Job job, int mebibytes) => job with
    {
        Facts = job.Facts.WithItems([new() { Command = "avinfo", State = ItemState.Succeeded, Description = Text(mebibytes) }]),
    };

    /// <summary>The event with a body of a little more than the given MiB.</summary>
    public static OutboxEvent Sized(this OutboxEvent pending, int mebibytes) =>
        pending with
        {
            Body = Encoding.UTF8.GetBytes(
            $$$"""{"specversion":"1.0","id":"{{{pending.Id}}}","source":"/s","type":"{{{pending.Type}}}","data":{"text":"{{{Text(mebibytes)}}}"}}""")
        };

    /// <summary>The notification with a body of the given MiB, each different.</summary>
    public static QuarantinedNotification Sized(this QuarantinedNotification notification, int mebibytes)
    {
        var body = new byte[mebibytes * Mebibyte];
        new Random(notification.Key.Aggregate(0, (seed, c) => (seed * 31) + c)).NextBytes(body);
        return notification with { Body = body };
    }

    /// <summary>The commit that creates a job, without an event.</summary>
    public static JobCommit New(this Job job) => new(job, null, null);

    /// <summary>The commit of a change with its event.</summary>
    public static JobCommit On(this JobChange change, string? etag) => new(change.Job, etag, change.ToEvent());

    /// <summary>An event of a job at a version.</summary>
    public static OutboxEvent Event(string id, long version = 1, string source = "media", TimeSpan after = default)
    {
        var job = Job(id, source) with { Version = version - 1 };
        return job.Republish(Start + after).ToEvent()!;
    }

    /// <summary>A notification with a binary body, and with a URL and headers that normalisation would change.</summary>
    public static QuarantinedNotification Notification(string key, string source = "media", TimeSpan after = default) => new()
    {
        Key = key,
        Correlation = "lesson-42",
        Source = source,
        Reason = "The signature does not cover this body.",
        ReceivedAt = Start + after,
        Url = new("https://hooks.example.com:443/api/notify/media/a-token_0/lesson-42?x=%7e%2F"),
        Headers = [KeyValuePair.Create("X-Qiniu-B", " two "), KeyValuePair.Create("Authorization", "Qiniu ak:sig="), KeyValuePair.Create("X-Qiniu-B", "one")],
        Body = (byte[])[0x00, 0xFF, 0xC3, 0x28, .. Enumerable.Range(0, 256).Select(b => (byte)b), 0x0D, 0x0A, 0x00],
    };

    private static string Text(int mebibytes) => new('x', mebibytes * Mebibyte);

    private static JobReport Report(bool closed, ItemState first, ItemState second) => new()
    {
        Id = null,
        Channel = ReportChannel.Poll,
        Facts = (JobFacts.None with { Bucket = "b", Key = "in.mp4", Progress = JobProgress.Processing, Closed = closed }).WithItems(
        [
            new() { Command = "avthumb/mp4", State = first, Outputs = [new() { Bucket = "b", Key = "out.mp4", Size = 7 }] },
            new() { Command = "vframe/jpg/offset/7", State = second },
        ]),
    };
}
