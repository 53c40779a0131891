using FopWatch.Cloud;
using FopWatch.Contracts;
using FopWatch.Functions.Watching;
using FopWatch.Intake;
using FopWatch.PortContracts;
using FopWatch.Watching;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Tests;

public class WatchEndTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_job_settled_while_its_watch_waits_for_its_first_poll_ends_the_watch_without_a_poll()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:01:00"));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;
        await host.AsleepAsync(Id, step => step.DueAt == due);

        Assert.Equal(NotificationResult.Recorded, await host.NotifyAsync(Id));

        var ended = await host.EndedAsync(Id);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, ended.RuntimeStatus);
        Assert.True(ended.LastUpdatedAt < due, "The watch slept until its first poll was due.");
        Assert.Equal((JobState.Succeeded, 0), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_that_stopped_making_steps_is_ended_and_its_job_polled_without_it()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);
        await host.Client.SuspendInstanceAsync(host.InstanceIdOf(Id), "Somebody looked for the cause of something.", Cancelled);

        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        host.Time.AdvanceTo(host.Time.GetUtcNow() + StuckWatches.LongestStep);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.StartDueAsync();
        Assert.False((await host.JobAsync(Id)).IsSettled);

        host.Time.AdvanceTo(host.Time.GetUtcNow() + StuckWatches.LongestStep + TimeSpan.FromSeconds(1));
        await host.StartDueAsync();

        Assert.Equal((JobState.Succeeded, 2), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await host.EndedAsync(Id)).RuntimeStatus);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_id_that_the_provider_does_not_know_is_given_up()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (_, _) => (612, """{"error":"specified ID not found"}""");
        await host.RegisterAsync(Id);
        await host.StartWhenDueAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Expired, SettledBy.Poll), (job.State, job.SettledBy!.Value));
        Assert.InRange(host.Provider.TimesAsked(Id), GivingUp.UnknownAnswers, 10);
    }

    [Fact(Timeout = 600_000)]
    public async Task A_job_that_never_ends_is_polled_to_its_deadline_and_the_history_does_not_grow()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        var registered = await host.RegisterAsync(Id);
        await host.StartWhenDueAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Expired, SettledBy.Deadline), (job.State, job.SettledBy!.Value));
        Assert.True(job.UpdatedAt - registered.RegisteredAt >= TimeSpan.FromDays(9));

        var polls = host.Provider.TimesAsked(Id);
        Assert.InRange(polls, 1000, 2000);
        Assert.InRange(host.Generations, polls / WatchJob.PollsPerGeneration, polls);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_stopped_watch_ends_and_starts_again_on_request()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        await host.Recorder.StopAsync(new(WatchHost.SourceName, Id), Cancelled);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(1, host.Provider.TimesAsked(Id));

        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var again = await host.RegisterAsync(Id);
        host.Time.AdvanceTo(again.Watch.DueAt!.Value);
        await host.StartDueAsync();
        await host.SettledAsync(Id);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(2, host.Provider.TimesAsked(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_settled_elsewhere_ends_its_sleeping_watch()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "01:00:00"), ("Max", "02:00:00"));
        var job = await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.Poller.PollNowAsync(job.Key, Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Terminated, (await host.EndedAsync(Id)).RuntimeStatus);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_that_wakes_after_its_job_was_settled_sends_no_query()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var job = await host.RegisterAsync(Id);
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.Poller.PollNowAsync(job.Key, Cancelled);

        // As if the watch had just been started, and its end got lost.
        await host.ScheduleAsync(Id, new WatchInput(WatchHost.SourceName, Id));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(1, host.Provider.TimesAsked(Id));
    }
}
