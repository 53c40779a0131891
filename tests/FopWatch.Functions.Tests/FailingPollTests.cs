using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>Polls with unexpected exceptions, and answers of the maximum size.</summary>
[Collection(nameof(StuckWatchesTests))]
public class FailingPollTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_poll_that_throws_is_postponed_and_the_watch_continues_until_the_job_is_settled()
    {
        var api = new ThrowingApi(times: 3);
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping(), Settings("https://status.invalid"), api);
        await host.RegisterAsync("a");
        host.Time.AdvanceTo((await host.JobAsync("a")).Watch.DueAt!.Value);
        await host.StartDueAsync();

        await host.EndedAsync("a");

        var job = await host.JobAsync("a");
        Assert.Equal((JobState.Succeeded, 4, 4), (job.State, job.Watch.TotalPolls, api.Asked["a"]));
        Assert.Equal(1, host.Generations);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_step_that_throws_sleeps_and_is_not_retried_immediately()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), Settings("https://status.invalid"), new ThrowingApi(int.MaxValue));
        await host.RegisterAsync("a");
        host.Time.AdvanceTo((await host.JobAsync("a")).Watch.DueAt!.Value);

        var step = await host.Services.GetRequiredService<PollJob>().RunAsync(new("media", "a"), Cancelled);

        Assert.Equal((PollAnswer.Unavailable, 1), (step.LastAnswer, step.Polls));
        Assert.True(step.DueAt > host.Time.GetUtcNow() + TimeSpan.FromMinutes(1), $"{step.DueAt}");
    }

    [Fact(Timeout = 240_000)]
    public async Task Four_concurrent_answers_of_the_maximum_size_neither_fill_the_memory_nor_make_large_events()
    {
        const int Jobs = 4;
        await using var api = await StatusStub.StartAsync();
        api.Answer = (id, _) => (200, Large(id));
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), Settings(api.Endpoint.AbsoluteUri));
        string[] ids = [.. Enumerable.Range(0, Jobs).Select(i => $"large-{i}")];
        foreach (var id in ids)
            await host.RegisterAsync(id);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromMinutes(3));

        GC.Collect();
        var (before, most) = (Environment.WorkingSet, 0L);
        using var measured = new CancellationTokenSource();
        var measuring = Task.Run(
            async () =>
            {
                while (!measured.IsCancellationRequested)
                {
                    most = Math.Max(most, Environment.WorkingSet);
                    await Task.Delay(20, CancellationToken.None);
                }
            },
            Cancelled);
        await Task.WhenAll(ids.Select(id => host.Services.GetRequiredService<PollJob>().RunAsync(new("media", id), Cancelled)));
        await measured.CancelAsync();
        await measuring;

        var events = await host.Outbox.PendingAsync(100, Cancelled);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"large answers in the cloud host: {Jobs} of 8 MiB with many outputs at once; memory {before >> 20} MiB before, {most >> 20} MiB at most; events of at most {events.Max(one => one.Body.Length) / 1024} KiB");
        Figures.Write(line);
        foreach (var id in ids)
            Assert.Equal(JobState.Succeeded, (await host.JobAsync(id)).State);
        Assert.True(most - before < 1024L * 1024 * 1024, line);
        Assert.All(events, one => Assert.InRange(one.Body.Length, 1, 8 * 1024 * 1024));
    }

    private static string Large(string id)
    {
        var body = new StringBuilder($$"""{"id":"{{id}}","code":0,"inputBucket":"bucket","items":[{"cmd":"unzip","code":0,"keys":["0" """);
        for (var i = 1; body.Length < (8 * 1024 * 1024) - 1024; i++)
            body.Append(CultureInfo.InvariantCulture, $",\"{i:x5}\"");
        return body.Append("]}]}").ToString();
    }

    private static FopWatchSettings Settings(string endpoint) => FopWatchSettings.Read(new Dictionary<string, string?>
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = endpoint,
        ["Sources:media:NotifyTokens:0"] = "right-token",
        ["Sources:media:Domains:bucket"] = "https://cdn.example.com/a/path/of/some/length",
        ["Sources:media:Poll:PerSecond"] = "10000",
    });

    /// <summary>Throws the given number of times for each job, and then reports success.</summary>
    private sealed class ThrowingApi(int times) : IStatusApi
    {
        public ConcurrentDictionary<string, int> Asked { get; } = new(StringComparer.Ordinal);

        public Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) =>
            Asked.AddOrUpdate(id, 1, (_, before) => before + 1) <= times
                ? throw new InvalidOperationException("an unexpected exception")
                : Task.FromResult(new StatusAnswer(PollAnswer.Report, source.Provider.Decode(ReportChannel.Poll, Encoding.UTF8.GetBytes(StatusStub.Done(id))).Report));
    }
}
