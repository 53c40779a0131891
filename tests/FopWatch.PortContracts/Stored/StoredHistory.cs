using System.Globalization;
using FopWatch.Intake;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Stored;

/// <summary>
/// The history in the fixtures: jobs of all providers in every state and with every watch, and everything else that a store keeps. It is always the
/// same, apart from an installation's random values: reference keys, epochs of the log, and keys of notifications in quarantine.
/// </summary>
public static class StoredHistory
{
    /// <summary>The start of the second process. The first one works until a few hours earlier.</summary>
    public static readonly DateTimeOffset Restart = new(2026, 3, 1, 16, 0, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset End = Restart.AddHours(1);

    /// <summary>The access key that no source has during the history.</summary>
    public const string MissingKey = "ak-2";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Does the work of the first process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="purge">Deletes jobs that settled before a time.</param>
    /// <param name="outputs">The largest number of outputs of a job. Their names cannot be compressed.</param>
    public static async Task PlayFirstAsync(HistoryProcess process, Func<DateTimeOffset, Task> purge, int outputs)
    {
        process.Time.Now = Start.AddDays(-40);
        await process.RegisterAsync("media", "z0.purged");
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.purged", 0, HistoryBodies.Done));
        await process.Dispatcher.DrainAsync(Cancelled);

        process.Time.Now = Start;
        await purge(Start.AddDays(-30));
        foreach (var play in (Func<HistoryProcess, Task>[])[SettleAsync, WatchAsync, GiveUpAsync, one => StoreLongValuesAsync(one, outputs), QuarantineAsync])
            await play(process);
        await process.Dispatcher.DrainAsync(Cancelled);
    }

    /// <summary>Does the work of the second process, which leaves events in the outbox.</summary>
    public static async Task PlaySecondAsync(HistoryProcess process)
    {
        process.Time.Now = Restart;
        await process.RegisterAsync("media", "z0.settled", new() { ["added"] = "later" });
        await process.Recorder.RepublishAsync(new("media", "z0.partial"), Cancelled);
        await process.Dispatcher.DrainAsync(Cancelled);

        Pass(process, 1);
        process.Refused = "z0.refused";
        await process.RegisterAsync("media", "z0.refused");
        await process.PollAsync("media", "z0.refused", process.Report("media", HistoryBodies.Qiniu("z0.refused", 2, HistoryBodies.Running)));
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.refused", 3, HistoryBodies.Broken));
        await process.Dispatcher.DrainAsync(Cancelled);

        // Written directly, since neither can be decoded.
        Pass(process, 1);
        var broken = Sample.Job("z0.unreadable-event", after: process.Time.Now - Sample.Start).Settled();
        await process.Store.Jobs.CommitAsync(new(broken.Job, null, broken.ToEvent()! with { Body = "no JSON"u8.ToArray() }), Cancelled);
        await process.Dispatcher.DrainAsync(Cancelled);
        var newer = Sample.Job("z0.unreadable", after: process.Time.Now - Sample.Start) with { Form = 1000 };
        await process.Store.Jobs.CommitAsync(newer.New(), Cancelled);
        await process.PollAsync("media", "z0.unreadable");

        Pass(process, 1);
        await process.RegisterAsync("media", "z0.pending", new() { ["lesson"] = "43" });
        await process.PollAsync("media", "z0.pending", process.Report("media", HistoryBodies.Qiniu("z0.pending", 2, HistoryBodies.Done, HistoryBodies.Running)));
        Pass(process, 1);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.pending", 0, HistoryBodies.Done, HistoryBodies.Running.Replace("\"code\":2", "\"code\":0", StringComparison.Ordinal)));
        await process.NotifyAsync("files", HistoryBodies.WangsuNotification("f.pending", 3, """{"cmd":"copy","code":3,"key":"dst:out.mp4"}"""));
        process.Time.Now = End;
        foreach (var part in await process.Store.Jobs.PartsAsync(Cancelled))
            await process.Store.Jobs.CountAsync(part.Name, 0, Cancelled);
    }

    private static async Task SettleAsync(HistoryProcess process)
    {
        await process.RegisterAsync("media", "z0.settled", new() { ["lesson"] = "42", ["title"] = "第 42 课" });
        await process.RegisterAsync("media", "z0.partial");
        Pass(process, 1);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.settled", 0, HistoryBodies.Done), correlation: "order-1");
        await process.PollAsync("media", "z0.partial", process.Report("media", HistoryBodies.Qiniu("z0.partial", 2, HistoryBodies.Running, HistoryBodies.Broken)));
        Pass(process, 4);
        await process.PollAsync("media", "z0.partial", process.Report("media", HistoryBodies.Qiniu("z0.partial", 3, HistoryBodies.Done, HistoryBodies.Broken)));

        // Not registered.
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.failed", 3, HistoryBodies.Broken));
        await process.NotifyAsync("media", HistoryBodies.Workflow("w.cancelled", 5));
        await process.NotifyAsync("media", HistoryBodies.Workflow("w.done", 0), correlation: "order-2");
        await process.NotifyAsync("open", HistoryBodies.Qiniu("z0.token", 0, HistoryBodies.Done), accessKey: null);

        var command = $"fetchURL/{HistoryBodies.UrlSafe("http://src.example/a.zip")}/bucket/{HistoryBodies.UrlSafe("dst")}/decompression/zip";
        await process.RegisterAsync("files", "f.settled");
        await process.NotifyAsync("files", HistoryBodies.WangsuNotification(
            "f.settled", 3, $$"""{"cmd":"{{command}}","code":3,"hash":"lj","fsize":9,"key":"dst:a.zip","decompresslist":["a/1.txt",{"key":"a/2.txt","hash":"h2","fsize":"5"}]}"""));
        await process.RegisterAsync("video", "v.settled");
        await process.PollAsync("video", "v.settled", process.Report("video", HistoryBodies.WangsuAnswer(
            "v.settled", 5, """{"cmd":"avthumb/mp4","code":5,"hash":"Fn","key":"made:out.mp4","url":"http://play.example/out.mp4","fsize":"368516"}""")));
    }

    private static async Task WatchAsync(HistoryProcess process)
    {
        Pass(process, 1);
        await process.RegisterAsync("media", "z0.waiting", new() { ["lesson"] = "1" });
        await process.RegisterAsync("media", "z0.processing");
        await process.PollAsync("media", "z0.processing", process.Report("media", HistoryBodies.Qiniu("z0.processing", 2, HistoryBodies.Running, HistoryBodies.Waiting)));
        await process.RegisterAsync("media", "z0.throttled");
        await process.PollAsync("media", "z0.throttled", new(PollAnswer.Throttled, Detail: "573", RetryAfter: TimeSpan.FromSeconds(90)));
        await process.RegisterAsync("media", "z0.refused-question");
        await process.PollAsync("media", "z0.refused-question", new(PollAnswer.Refused, Detail: "401"));
        await process.RegisterAsync("media", "z0.stopped", new() { ["why"] = "not needed" });
        await process.Recorder.StopAsync(new("media", "z0.stopped"), Cancelled);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.running", 2, HistoryBodies.Running));
        await process.RegisterAsync("files", "f.waiting");
        await process.RegisterAsync("files", "f.processing");
        await process.PollAsync("files", "f.processing", process.Report("files", HistoryBodies.WangsuAnswer("f.processing", 1, """{"cmd":"copy","code":1}""")));

        // Twice, the second time while the poll is already due.
        Pass(process, 1);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.hinted", 0, HistoryBodies.Done), accessKey: null);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.hinted", 0, HistoryBodies.Done), accessKey: null);
        await process.NotifyAsync("media", HistoryBodies.Workflow("w.hinted", 0), accessKey: null);

        // By a clock that was ahead.
        var now = process.Time.Now;
        process.Time.Now = now.AddDays(20);
        await process.RegisterAsync("media", "z0.ahead");
        process.Time.Now = now;
    }

    private static async Task GiveUpAsync(HistoryProcess process)
    {
        string[] unknown = ["z0.unknown", "z0.unknown-stopped", "z0.unknown-again"];
        foreach (var id in unknown)
            await process.RegisterAsync("media", id);
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.made-up", 0, HistoryBodies.Done), accessKey: null);
        foreach (var id in (string[])["v.silent", "v.open", "v.late"])
            await process.RegisterAsync("video", id);
        for (var polls = 0; polls < 3; polls++)
        {
            Pass(process, 8);
            foreach (var id in (string[])[.. unknown, "z0.made-up"])
                await process.PollAsync("media", id, new(PollAnswer.NotFound, Detail: "612"));
        }

        await process.Recorder.StopAsync(new("media", "z0.unknown-stopped"), Cancelled);
        await process.RegisterAsync("media", "z0.unknown-again", new() { ["again"] = "yes" });

        // Past the deadline, and past the last chance of unanswered jobs.
        Pass(process, 140);
        await process.PollAsync("video", "v.silent", new(PollAnswer.Unavailable, Detail: "timed out"));
        await process.PollAsync("video", "v.open", process.Report("video", HistoryBodies.WangsuAnswer("v.open", 1, """{"cmd":"avthumb/mp4","code":1}""")));
        await process.PollAsync("video", "v.late", new(PollAnswer.NotFound, Detail: "404"));
        Pass(process, 1);
        await process.NotifyAsync("video", HistoryBodies.WangsuNotification("v.late", 3, """{"cmd":"avthumb/mp4","code":3,"key":"made:late.mp4"}"""));
    }

    private static async Task StoreLongValuesAsync(HistoryProcess process, int outputs)
    {
        Pass(process, 1);
        await process.RegisterAsync("media", "z0.long", Enumerable.Range(0, 20).ToDictionary(i => $"name-{i:00}", i => new string((char)('a' + i), 150)));
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.long", 0, HistoryBodies.Long(3_000)));
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.cut-result", 0, HistoryBodies.Long(12_000)));
        await process.NotifyAsync("media", HistoryBodies.Qiniu(
            "z0.many", 3, Enumerable.Range(0, 300).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"cmd":"vframe/jpg/offset/{{i}}","code":{{(i % 7 == 0 ? 3 : 0)}},"key":"f/{{i}}.jpg"}"""))));
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.cut", 0, HistoryBodies.Outputs(outputs)));
    }

    private static async Task QuarantineAsync(HistoryProcess process)
    {
        Pass(process, 1);
        Assert.Equal(NotificationResult.Quarantined, await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.forged", 0, HistoryBodies.Done), secret: "guessed", correlation: "order-3"));
        Pass(process, 1);
        Assert.Equal(NotificationResult.Quarantined, await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.kept", 0, HistoryBodies.Done), MissingKey, correlation: "order-4"));
        Pass(process, 1);
        Assert.Equal(NotificationResult.Quarantined, await process.NotifyAsync("files", "not base64 {"u8.ToArray()));

        // In more than one column, and in pieces.
        foreach (var length in (int[])[100_000, 800_000])
        {
            Pass(process, 1);
            Assert.Equal(NotificationResult.Quarantined, await process.NotifyAsync("video", new byte[length]));
        }
    }

    private static void Pass(HistoryProcess process, int minutes) => process.Time.Now += TimeSpan.FromMinutes(minutes);
}
