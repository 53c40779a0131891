using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Watching;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

public class WatchJobTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_job_settled_before_its_first_poll_is_due_never_has_an_orchestration()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var job = await host.RegisterAsync(Id);
        await host.StartDueAsync();

        // Settled through the recorder, as by a notification.
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.Poller.PollNowAsync(job.Key, Cancelled);
        host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        await host.StartDueAsync();

        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
        Assert.Null(await host.InstanceAsync(Id));
        Assert.Equal(0, host.Generations);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_without_notifications_is_polled_until_it_is_settled()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 3 ? StatusStub.Processing(id) : StatusStub.Done(id));
        await host.RegisterAsync(Id);
        await host.StartDueAsync();
        Assert.Null(await host.InstanceAsync(Id));

        await host.StartWhenDueAsync(Id);
        var ended = await host.EndedAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, 4), (job.State, job.SettledBy!.Value, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hint_starts_the_watch_immediately_and_another_wakes_it()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);
        Assert.Equal(1, host.Provider.TimesAsked(Id));

        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        host.Time.AdvanceTo(host.Time.GetUtcNow() + PollPlan.HintSpacing);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
        Assert.Equal(2, host.Provider.TimesAsked(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_whose_wake_up_was_lost_is_woken_by_the_timer()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "00:20:00"), ("Max", "00:30:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        // No wake-up: the app's clock passes the due time, while the orchestration's timer is still far off.
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        host.Time.AdvanceTo((await host.JobAsync(Id)).Watch.DueAt!.Value);
        await host.Recorder.RestoreWatchAsync(new(WatchHost.SourceName, Id), Cancelled);
        await host.StartDueAsync();

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_started_in_advance_polls_at_its_due_time()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:00:15"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;

        await host.StartDueAsync();
        await host.AsleepAsync(Id, step => step.DueAt == due);
        await host.StartDueAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), Cancelled);
        Assert.Equal((0, 1), (host.Provider.TimesAsked(Id), host.Generations));

        await host.EndedAsync(Id);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 1), (job.State, host.Provider.TimesAsked(Id)));
        Assert.True(job.SettledAt >= due - PollPlan.ClockTolerance, $"polled {due - job.SettledAt} early");
    }

    [Theory(Timeout = 120_000)]
    [InlineData("00:00:08")]
    [InlineData("00:00:15")]
    public async Task A_job_due_before_the_timer_looks_again_is_watched_from_its_registration(string first)
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", first));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;

        await host.AsleepAsync(Id, step => step.DueAt == due);
        Assert.Equal(0, host.Provider.TimesAsked(Id));

        await host.EndedAsync(Id);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 1), (job.State, host.Provider.TimesAsked(Id)));
        Assert.True(job.SettledAt >= due - PollPlan.ClockTolerance, $"polled {due - job.SettledAt} early");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_due_after_the_next_look_has_no_watch_yet()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:01:30"));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;

        await host.StartDueAsync();
        Assert.Null(await host.InstanceAsync(Id));

        host.Time.AdvanceTo(due - CommitObserver.Ahead);
        await host.StartDueAsync();
        Assert.NotNull(await host.InstanceAsync(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hint_wakes_a_watch_started_in_advance()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "01:00:00"), ("Max", "02:00:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;
        await StartAheadAsync(host, due);
        await host.AsleepAsync(Id, step => step.DueAt == due);

        await host.Recorder.HintAsync(host.Source, Id, Cancelled);

        await host.EndedAsync(Id);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 1), (job.State, host.Provider.TimesAsked(Id)));
        Assert.Equal(host.Time.GetUtcNow(), job.SettledAt);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_started_in_advance_that_sleeps_past_its_jobs_due_time_is_woken_by_the_timer()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "01:00:00"), ("Max", "02:00:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;
        await StartAheadAsync(host, due);
        await host.AsleepAsync(Id, step => step.DueAt == due);

        // As by another instance whose wake-up was lost.
        var store = host.Services.GetRequiredService<IJobStore>();
        var stored = (await store.FindAsync(new(WatchHost.SourceName, Id), Cancelled))!;
        Assert.NotNull(await store.CommitAsync(new(stored.Job with { Watch = PollPlan.Restored(stored.Job.Watch, host.Time.GetUtcNow()) }, stored.ETag, null), Cancelled));
        await host.StartDueAsync();

        await host.EndedAsync(Id);
        Assert.Equal(host.Time.GetUtcNow(), (await host.JobAsync(Id)).SettledAt);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_poll_without_a_free_slot_waits_as_a_timer_and_is_not_woken()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var slots = host.Services.GetRequiredService<PollSlots>();
        var taken = new List<IDisposable?>();
        for (var i = 0; i < PollSlotOptions.Cloud.Most; i++)
            taken.Add(await slots.TryTakeAsync(host.Source, Cancelled));
        Assert.DoesNotContain(null, taken);
        var job = await host.RegisterAsync(Id);
        host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        var before = (await host.JobAsync(Id)).Watch;

        // By the orchestration's clock that timer is past immediately, so it retries continuously.
        await host.StartDueAsync();
        await host.AsleepAsync(Id, step => step.Postponed);
        await host.StartDueAsync();

        Assert.Equal(0, host.Provider.TimesAsked(Id));
        Assert.Equal(before, (await host.JobAsync(Id)).Watch);
        taken.ForEach(slot => slot!.Dispose());
        await host.SettledAsync(Id);
        Assert.Equal(1, host.Provider.TimesAsked(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_provider_that_is_down_for_hours_is_polled_until_it_is_up()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => before < 40 ? (503, "") : (200, StatusStub.Done(id));
        var registered = await host.RegisterAsync(Id);
        await host.StartWhenDueAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 41), (job.State, host.Provider.TimesAsked(Id)));
        Assert.True(job.UpdatedAt - registered.RegisteredAt > TimeSpan.FromHours(5));
    }

    [Fact(Timeout = 120_000)]
    public async Task Starting_a_watch_many_times_at_once_starts_it_once()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.StartDueAsync()));
        Assert.Equal((1, 1), (host.Generations, host.Provider.TimesAsked(Id)));
    }

    /// <summary>Starts the watch so long before its due time that the test would time out if it slept until then.</summary>
    private static async Task StartAheadAsync(WatchHost host, DateTimeOffset due) =>
        Assert.True(await host.Services.GetRequiredService<IWatchRunner>().StartAsync(new(new(WatchHost.SourceName, Id), due), Cancelled));
}
