using System.Text;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Contracts.Tests;

internal static class Events
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>Text with ordinary and with unusual characters, a lone surrogate among them.</summary>
    private static readonly Gen<string> Texts =
        from parts in Gen.Elements("课程/第 42 课.mp4", "a", "\"", "\\", "\n", "\u0000", "\u2028", "<b>&amp;'+", "😀", "\uD800", "é", "/", new string('长', 300)).ListOf()
        select string.Concat(parts);

    private static readonly Gen<string?> MaybeTexts = Gen.Frequency((1, Gen.Constant<string?>(null)), (3, Texts.Select(text => (string?)text)));

    private static readonly Gen<OutputFacts> Outputs =
        from bucket in MaybeTexts
        from key in MaybeTexts
        from hash in MaybeTexts
        from url in MaybeTexts
        from size in Gen.Elements<long?>(null, 0, 5_000_000_000)
        select new OutputFacts { Bucket = bucket, Key = key, Hash = hash, Url = url, Size = size };

    private static readonly Gen<ItemFacts> Items =
        from command in Texts
        from state in Gen.Elements(Enum.GetValues<ItemState>())
        from error in MaybeTexts
        from errorIndex in Gen.Elements<int?>(null, 0, 3)
        from reused in Gen.Elements<bool?>(null, false, true)
        from result in Gen.Elements(null, """{"a":[1,null]}""", "null")
        from count in Gen.Choose(0, 3)
        from outputs in Outputs.ListOf(count)
        select new ItemFacts
        {
            Command = command,
            State = state,
            Error = error,
            ErrorIndex = errorIndex,
            ReusedOldOutput = reused,
            Result = result,
            Outputs = [.. outputs],
        };

    private static readonly Gen<JobReport> Reports =
        from count in Gen.Choose(0, 4)
        from items in Items.ListOf(count)
        from closed in Gen.Elements(false, true)
        from progress in Gen.Elements(Enum.GetValues<JobProgress>())
        from verdict in Gen.Elements(Enum.GetValues<JobVerdict>())
        from delivery in Gen.Elements(Enum.GetValues<NotificationDelivery>())
        from channel in Gen.Elements(Enum.GetValues<ReportChannel>())
        from bucket in MaybeTexts
        from key in MaybeTexts
        from other in MaybeTexts
        from createdAt in Gen.Elements<DateTimeOffset?>(null, Start, new DateTimeOffset(2024, 8, 27, 19, 2, 44, TimeSpan.FromHours(8)).AddTicks(6643129))
        select new JobReport
        {
            Id = "id",
            Channel = channel,
            Facts = (JobFacts.None with
            {
                Closed = closed,
                Progress = progress,
                Verdict = verdict,
                Delivery = delivery,
                Bucket = bucket,
                Key = key,
                Pipeline = other,
                RequestId = other,
                TaskFrom = other,
                CreatedAt = createdAt,
            }).WithItems(items),
        };

    private static readonly Gen<Func<Job, DateTimeOffset, JobChange>> Steps = Gen.Frequency(
        (5, Reports.Select(report => (Func<Job, DateTimeOffset, JobChange>)((job, now) => job.Apply(report, now)))),
        (1, from name in Texts
            from value in Texts
            select (Func<Job, DateTimeOffset, JobChange>)((job, now) => Job.BytesOf(job.Metadata.SetItem(name, value)) <= Job.MaxMetadataBytes
                ? job.Register(new Dictionary<string, string> { [name] = value }, now)
                : JobChange.Nothing(job))),
        (1, Gen.Elements(Enum.GetValues<SettledBy>()).Select(by => (Func<Job, DateTimeOffset, JobChange>)((job, now) => job.GiveUp(by, now)))),
        (1, Gen.Constant<Func<Job, DateTimeOffset, JobChange>>((job, now) => job.Republish(now))));

    /// <summary>Every event that a job publishes in its life.</summary>
    public static readonly Gen<OutboxEvent[]> Histories =
        from provider in Gen.Elements(Enum.GetValues<ProviderKind>())
        from origin in Gen.Elements(Enum.GetValues<JobOrigin>())
        from source in Gen.Elements("media", "a_B-9", new string('s', 64))
        from id in Gen.Elements("id", "z0.560e99c37823de5a49c22393", new string('i', JobKey.MaxIdLength))
        from count in Gen.Choose(1, 6)
        from steps in Steps.ListOf(count)
        select Publish(Job.New(new(source, id), provider, origin, new Watch { StartedAt = Start, Deadline = Start.AddDays(9) }, Start), steps);

    /// <summary>The outcome of a job with one command.</summary>
    public static OutboxEvent Settled(string result) => Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Start, Deadline = Start.AddDays(9) }, Start)
        .Apply(
            new() { Id = null, Channel = ReportChannel.Poll, Facts = (JobFacts.None with { Closed = true }).WithItems([new() { Command = "c", State = ItemState.Succeeded, Result = result }]) },
            Start)
        .ToEvent()!;

    /// <summary>An event of a job in which every optional member is set.</summary>
    public static byte[] Full { get; } = Encoding.UTF8.GetBytes("""
        {
          "specversion": "1.0", "id": "5bd0", "type": "fopwatch.job.settled", "source": "/fopwatch/media", "subject": "z0.a",
          "time": "2026-03-01T08:00:41.25Z", "datacontenttype": "application/json",
          "job": "/api/jobs/media/z0.a",
          "data": {
            "source": "media", "id": "z0.a", "provider": "qiniu", "state": "partiallyFailed", "settled": true, "settledBy": "poll",
            "bucket": "b", "key": "in.mp4", "pipeline": "p", "requestId": "r", "taskFrom": "workflow:1", "createdAt": "2026-03-01T08:00:00Z",
            "notification": "delivered", "counts": { "total": 2, "succeeded": 1, "failed": 1, "running": 0 },
            "items": [
              { "command": "avthumb/mp4", "state": "succeeded", "reusedOldOutput": false, "result": "{}",
                "truncated": [
                  { "at": "/result/cuts", "elements": 2700 }, { "at": "/result/text", "textBytes": 1000 }, { "at": "/result/scenes", "dropped": true },
                  { "at": "/result", "more": true }
                ],
                "outputs": [{ "bucket": "b", "key": "k", "hash": "h", "url": "u", "size": 7 }] },
              { "command": "vframe/jpg", "state": "failed", "error": "e", "errorIndex": 0, "outputs": [] }
            ],
            "truncated": true, "metadata": { "lesson": "42" },
            "registeredAt": "2026-03-01T08:00:00Z", "updatedAt": "2026-03-01T08:00:41.25Z", "settledAt": "2026-03-01T08:00:41.25Z",
            "polls": 1, "version": 3
          }
        }
        """);

    private static OutboxEvent[] Publish(Job job, IEnumerable<Func<Job, DateTimeOffset, JobChange>> steps)
    {
        var published = new List<OutboxEvent>();
        var now = Start;
        foreach (var step in steps)
        {
            now = now.AddTicks(12_345_678);
            var change = step(job, now);
            if (change.ToEvent() is { } happened)
                published.Add(happened);
            job = change.Job;
        }

        return [.. published];
    }
}
