using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Intake;
using FopWatch.Jobs;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>The cost of a flood of notifications by anyone with a notify URL.</summary>
public class HintFloodTests
{
    private const int PerSecond = 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_weak_notifications_cost_no_more_polls_than_the_limits_and_delay_no_registered_job()
    {
        var clock = new ManualTimeProvider();
        await using var api = await StatusStub.StartAsync(clock);
        await using var host = await AttackedHost.StartAsync(Settings(api.Endpoint), time: clock);
        var started = clock.GetUtcNow();
        var registered = Enumerable.Range(0, 50).Select(i => $"z0.real{i}").ToArray();
        Assert.Equal(
            HttpStatusCode.Accepted,
            (await host.Http.PostAsJsonAsync("/api/jobs", registered.Select(id => new { source = "media", id, firstPollAfter = 30 }), Cancelled)).StatusCode);

        // Half of the flood names made-up ids, each several times; a tenth names the registered ones, which are still running.
        var (taken, turnedAway) = (0, 0);
        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Cancelled }, async (i, _) =>
        {
            var id = i % 10 == 0 ? registered[i / 10 % registered.Length] : $"z0.madeup{i % 3000}";
            var answer = await host.NotifyAsync("/api/notify/media/" + AttackedHost.Token, Encoding.UTF8.GetBytes(StatusStub.Succeeded(id)));
            Interlocked.Increment(ref answer.StatusCode == HttpStatusCode.OK ? ref taken : ref turnedAway);
            Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            Assert.False(answer.StatusCode != HttpStatusCode.OK && i % 10 == 0, "A hint about a registered job was refused.");
        });
        var strangers = (await CountAsync(host)) - registered.Length;
        foreach (var id in registered)
            api.Succeeds(id);

        // Two minutes pass.
        var open = registered.ToHashSet();
        while (open.Count > 0 && clock.GetUtcNow() - started < TimeSpan.FromMinutes(10))
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(1, Cancelled);
            if (clock.GetUtcNow().Millisecond == 0)
                open.RemoveWhere(id => host.Host.Services.GetRequiredService<IJobStore>().FindAsync(new("media", id), Cancelled).AsTask().Result!.Job.IsSettled);
        }

        var took = clock.GetUtcNow() - started;
        Assert.Empty(open);

        // At most: the jobs that may be waiting before them, themselves, and the cost of the clock's steps.
        Assert.True(took < TimeSpan.FromMinutes(3), $"The registered jobs waited for {took}.");
        Assert.True(turnedAway > 0);
        Assert.InRange(strangers, 1, PerSecond * 60);

        var asked = api.Asked.ToArray();
        foreach (var second in asked.GroupBy(one => (long)(one.At - started).TotalSeconds))
            Assert.True(second.Count() <= 2 * PerSecond, $"{second.Count()} polls in one second");
        Assert.InRange(asked.Length, 1, PerSecond * (took.TotalSeconds + 2));
        foreach (var id in asked.GroupBy(one => one.Id))
        {
            foreach (var (first, next) in id.Order().Zip(id.Order().Skip(1)))
                Assert.True(next.At - first.At >= TimeSpan.FromSeconds(9), $"A job was polled twice within {next.At - first.At}");
        }

        Figures.Write(
            $"hint flood: 10000 unsigned notifications of 3000 made-up and 50 registered ids, {taken} accepted, {turnedAway} answered 503, {strangers} jobs created for strangers' ids, {asked.Length} polls in {took.TotalSeconds:0} s at {PerSecond}/s, 50 of 50 registered jobs settled");
    }

    [Fact]
    public async Task A_full_quarantine_refuses_loses_nothing_and_accepts_again_once_there_is_room()
    {
        var clock = new ManualTimeProvider();
        await using var host = await AttackedHost.StartAsync(time: clock);
        var intake = host.Host.Services.GetRequiredService<NotificationIntake>();
        var quarantine = host.Host.Services.GetRequiredService<IQuarantine>();
        var media = intake.Admit("media", AttackedHost.Token)!;
        var video = intake.Admit("video", AttackedHost.OtherToken)!;
        var (kept, turnedAway) = (0, 0);

        await Parallel.ForAsync(0, QuarantineLimit.MaxNotifications + 500, new ParallelOptions { MaxDegreeOfParallelism = 256, CancellationToken = Cancelled }, async (i, _) =>
        {
            try
            {
                Assert.Equal(NotificationResult.Quarantined, await SendAsync(media, $"junk {i}"));
                Interlocked.Increment(ref kept);
            }
            catch (IntakeFullException)
            {
                Interlocked.Increment(ref turnedAway);
            }
        });

        Assert.Equal((QuarantineLimit.MaxNotifications, 500), (kept, turnedAway));
        Assert.Equal(QuarantineLimit.MaxNotifications, (await quarantine.SizeAsync("media", Cancelled)).Notifications);

        // Over HTTP that is a 503, after which a provider retries. Other sources, and verifiable notifications, are not affected.
        var answer = await host.NotifyAsync("/api/notify/media/" + AttackedHost.Token, "junk"u8.ToArray());
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, answer.Headers.RetryAfter is not null));
        Assert.Equal(NotificationResult.Quarantined, await SendAsync(video, "junk"));
        Assert.Equal(NotificationResult.Hinted, await SendAsync(media, StatusStub.Succeeded("z0.a")));

        var oldest = (await quarantine.ListAsync(["media"], 1, null, Cancelled)).Elements[0].Key;
        await quarantine.RemoveAsync(oldest, Cancelled);
        await Assert.ThrowsAsync<IntakeFullException>(() => SendAsync(media, "junk"));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(NotificationResult.Quarantined, await SendAsync(media, "junk"));
        await Assert.ThrowsAsync<IntakeFullException>(() => SendAsync(media, "junk"));
        Figures.Write($"quarantine flood: {QuarantineLimit.MaxNotifications + 500} undecodable notifications, {kept} kept, {turnedAway} answered 503, 0 deleted");

        async Task<NotificationResult> SendAsync(Providers.Source source, string body)
        {
            var assessed = NotificationIntake.Assess(source, new() { Url = new("https://hooks.example.com/"), Body = Encoding.UTF8.GetBytes(body) });
            return (await intake.ReceiveAsync(assessed, null, Cancelled)).Result;
        }
    }

    [Fact]
    public async Task A_quarantine_also_has_a_limit_in_bytes()
    {
        await using var host = await AttackedHost.StartAsync();
        var intake = host.Host.Services.GetRequiredService<NotificationIntake>();
        var media = intake.Admit("media", AttackedHost.Token)!;
        var body = new byte[4 * 1024 * 1024];
        var kept = 0;
        try
        {
            for (; kept < 100; kept++)
                await intake.ReceiveAsync(NotificationIntake.Assess(media, new() { Url = new("https://hooks.example.com/"), Body = body }), null, Cancelled);
        }
        catch (IntakeFullException)
        {
        }

        Assert.Equal(QuarantineLimit.MaxBytes / body.Length, kept);
    }

    private static Dictionary<string, string?> Settings(Uri statusEndpoint)
    {
        var settings = AttackedHost.TwoSources(statusEndpoint);
        settings["Sources:media:Poll:PerSecond"] = $"{PerSecond}";
        return settings;
    }

    private static async Task<long> CountAsync(AttackedHost host) =>
        (await host.Host.Services.GetRequiredService<IJobStore>().CountAsync("", 0, Cancelled)).Books.Sum(books => books.Registered);
}
