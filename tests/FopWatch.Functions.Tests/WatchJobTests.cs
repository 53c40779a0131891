using FopWatch.Clocks;
using FopWatch.Cloud;
using FopWatch.Contracts;
using FopWatch.Functions.Watching;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

public class WatchJobTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_job_that_is_settled_before_its_first_poll_is_due_never_has_an_orchestration()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var job = await host.RegisterAsync(Id);
        await host.StartDueAsync();

        // Settled as a notification would, through the recorder.
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.Poller.PollNowAsync(job.Key, Cancelled);
        host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        await host.StartDueAsync();

        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
        Assert.Null(await host.InstanceAsync(Id));
        Assert.Equal(0, host.Generations);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_that_nobody_notifies_of_is_polled_until_it_is_settled()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 3 ? StatusStub.Processing(id) : StatusStub.Done(id));
        await host.RegisterAsync(Id);
        await host.StartDueAsync();
        Assert.Null(await host.InstanceAsync(Id));

        await StartWhenDueAsync(host);
        var ended = await host.EndedAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, 4), (job.State, job.SettledBy!.Value, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hint_starts_the_watch_at_once_and_another_wakes_it()
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
    public async Task A_watch_whose_nudge_was_lost_is_woken_by_the_timer()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        // Nobody nudges: the app's clock passes the due time, while the orchestration's timer is still far off.
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        host.Time.AdvanceTo((await host.JobAsync(Id)).Watch.DueAt!.Value);
        await host.Recorder.RestoreWatchAsync(new(WatchHost.SourceName, Id), Cancelled);
        await host.StartDueAsync();

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_is_started_ahead_of_its_due_time_and_polls_when_it_has_come()
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
    public async Task A_job_that_is_due_before_the_timer_looks_again_is_watched_from_its_registration_on(string first)
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
    public async Task A_job_that_is_due_after_the_next_time_has_no_watch_yet()
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
    public async Task A_job_that_is_settled_while_its_watch_waits_for_its_first_poll_ends_the_watch_and_is_not_asked_about()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:01:00"));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;
        await host.AsleepAsync(Id, step => step.DueAt == due);

        Assert.Equal(NotificationResult.Recorded, await host.NotifyAsync(Id));

        var ended = await host.EndedAsync(Id);
        Assert.Equal(OrchestrationRuntimeStatus.Terminated, ended.RuntimeStatus);
        Assert.True(ended.LastUpdatedAt < due, "The watch slept until its first poll.");
        Assert.Equal((JobState.Succeeded, 0), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_hint_wakes_a_watch_that_was_started_ahead()
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
    public async Task A_watch_that_was_started_ahead_and_sleeps_for_longer_than_its_job_is_woken_by_the_timer()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Standing(), ("First", "01:00:00"), ("Max", "02:00:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var due = (await host.RegisterAsync(Id)).Watch.DueAt!.Value;
        await StartAheadAsync(host, due);
        await host.AsleepAsync(Id, step => step.DueAt == due);

        // As by another instance whose nudge was lost.
        var store = host.Services.GetRequiredService<IJobStore>();
        var stored = (await store.FindAsync(new(WatchHost.SourceName, Id), Cancelled))!;
        Assert.NotNull(await store.CommitAsync(new(stored.Job with { Watch = PollPlan.Restored(stored.Job.Watch, host.Time.GetUtcNow()) }, stored.ETag, null), Cancelled));
        await host.StartDueAsync();

        await host.EndedAsync(Id);
        Assert.Equal(host.Time.GetUtcNow(), (await host.JobAsync(Id)).SettledAt);
    }

    [Fact]
    public async Task The_instance_id_is_not_the_jobs_and_has_at_most_a_hundred_characters()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());

        var instance = host.InstanceIdOf(Id);

        Assert.StartsWith($"{WatchHost.SourceName}:", instance, StringComparison.Ordinal);
        Assert.DoesNotContain(Id, instance, StringComparison.Ordinal);
        Assert.Equal(instance, host.InstanceIdOf(Id));
        Assert.NotEqual(instance, host.InstanceIdOf("other"));

        // However long an id is: providers' grow.
        Assert.All([128, 1000], length => Assert.Equal(
            64 + 1 + JobReferences.Length,
            WatchJob.InstanceIdOf(host.Services.GetRequiredService<IJobStore>().References, new(new('s', 64), new('i', length))).Length));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_first_version_whose_id_is_the_jobs_polls_once_more_and_ends_and_the_timer_starts_another()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        var job = await host.RegisterAsync(Id);
        host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        var old = $"{WatchHost.SourceName}:{Id}";
        await host.Client.ScheduleNewOrchestrationInstanceAsync(
            WatchJob.Name, new { source = WatchHost.SourceName, id = Id, version = 1 }, new StartOrchestrationOptions(old), Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.Client.WaitForInstanceCompletionAsync(old, Cancelled)).RuntimeStatus);
        Assert.Equal((1, false), (host.Provider.TimesAsked(Id), (await host.JobAsync(Id)).IsSettled));

        await StartWhenDueAsync(host);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal((JobState.Succeeded, 3), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_first_version_whose_job_was_settled_since_asks_nobody_and_ends()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var longest = new string('i', JobKey.MaxIdLength);
        await host.RegisterAsync(longest);
        await host.NotifyAsync(longest);
        var old = $"{WatchHost.SourceName}:{longest}";
        Assert.True(old.Length > 100);

        await host.Client.ScheduleNewOrchestrationInstanceAsync(
            WatchJob.Name, new { source = WatchHost.SourceName, id = longest, version = 1 }, new StartOrchestrationOptions(old), Cancelled);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.Client.WaitForInstanceCompletionAsync(old, Cancelled)).RuntimeStatus);
        Assert.Equal(0, host.Provider.TimesAsked(longest));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_watch_that_makes_no_step_any_more_is_polled_without_it_and_ended()
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
    public async Task A_poll_for_which_its_source_has_no_slot_waits_as_a_timer_and_is_not_woken()
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

        // By the orchestration's clock that timer is past at once, so it tries again and again.
        await host.StartDueAsync();
        await host.AsleepAsync(Id, step => step.Postponed);
        await host.StartDueAsync();

        Assert.Equal(0, host.Provider.TimesAsked(Id));
        Assert.Equal(before, (await host.JobAsync(Id)).Watch);
        taken.ForEach(slot => slot!.Dispose());
        await SettledAsync(host);
        Assert.Equal(1, host.Provider.TimesAsked(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_provider_that_is_down_for_hours_is_asked_until_it_is_up()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => before < 40 ? (503, "") : (200, StatusStub.Done(id));
        var registered = await host.RegisterAsync(Id);
        await StartWhenDueAsync(host);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 41), (job.State, host.Provider.TimesAsked(Id)));
        Assert.True(job.UpdatedAt - registered.RegisteredAt > TimeSpan.FromHours(5));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_id_that_the_provider_does_not_know_is_given_up()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (_, _) => (612, """{"error":"specified ID not found"}""");
        await host.RegisterAsync(Id);
        await StartWhenDueAsync(host);

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
        await StartWhenDueAsync(host);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Expired, SettledBy.Deadline), (job.State, job.SettledBy!.Value));
        Assert.True(job.UpdatedAt - registered.RegisteredAt >= TimeSpan.FromDays(9));

        var polls = host.Provider.TimesAsked(Id);
        Assert.InRange(polls, 1000, 2000);
        Assert.InRange(host.Generations, polls / WatchJob.PollsPerGeneration, polls);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_stopped_watch_ends_and_one_that_is_wanted_again_starts_again()
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
        await SettledAsync(host);
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
    public async Task A_watch_that_wakes_after_its_job_was_settled_asks_nobody()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var job = await host.RegisterAsync(Id);
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.Poller.PollNowAsync(job.Key, Cancelled);

        // As if the watch had been started in the moment before, and its end got lost.
        await ScheduleAsync(host, new WatchInput(WatchHost.SourceName, Id));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(1, host.Provider.TimesAsked(Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task Starting_a_watch_many_times_at_once_is_starting_it_once()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "01:00:00"), ("Max", "02:00:00"));
        await host.RegisterAsync(Id);
        await host.Recorder.HintAsync(host.Source, Id, Cancelled);
        await host.AsleepAsync(Id, step => step.Polls == 1);

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => host.StartDueAsync()));
        Assert.Equal((1, 1), (host.Generations, host.Provider.TimesAsked(Id)));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_without_a_version_and_with_a_property_nobody_knows_goes_on()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        await host.RegisterAsync(Id);

        await ScheduleAsync(host, new { source = WatchHost.SourceName, id = Id, whatever = 1 });
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Id)).State);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_a_later_version_ends_and_the_timer_starts_the_watch_as_this_version_has_it()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Jumping());
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.RegisterAsync(Id);

        await ScheduleAsync(host, new { source = WatchHost.SourceName, id = Id, version = WatchInput.Latest + 1 });
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);
        Assert.Equal(0, host.Provider.TimesAsked(Id));

        await StartWhenDueAsync(host);
        await SettledAsync(host);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(-2)]
    [InlineData(2)]
    public async Task A_watch_sleeps_for_as_long_as_its_job_waits_where_the_clock_of_the_task_hub_is_another(double hours)
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:00:06"), ("Max", "00:00:06"), ("Factor", "1"));
        host.Time.Shift(TimeSpan.FromHours(hours));
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        var registered = await host.RegisterAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);

        // No further generation, as many steps without a poll would need.
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 3, 1), (job.State, host.Provider.TimesAsked(Id), host.Generations));
        Assert.InRange(job.UpdatedAt - registered.RegisteredAt, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(40));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_instance_of_the_second_version_sleeps_until_the_times_that_it_is_told()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:01:20"), ("Max", "00:01:20"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        await host.RegisterAsync(Id);
        var due = host.Time.GetUtcNow().AddSeconds(4);
        host.Time.Shift(TimeSpan.FromSeconds(80));

        await ScheduleAsync(host, new { source = WatchHost.SourceName, id = Id, version = 2, dueAt = due });
        await host.EndedAsync(Id);

        Assert.Equal((JobState.Succeeded, 1), ((await host.JobAsync(Id)).State, host.Provider.TimesAsked(Id)));
        Assert.True(TimeProvider.System.GetUtcNow() >= due);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_clock_that_is_sixty_days_ahead_for_a_purge_deletes_no_job_and_gives_none_up()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        host.Provider.Answer = (id, _) => (200, StatusStub.Processing(id));
        await host.RegisterAsync("over");
        await host.NotifyAsync("over");
        await host.RegisterAsync("open");
        await host.PurgeAsync();
        host.Time.Shift(SecondLook.After);
        await host.PurgeAsync();
        await host.Outbox.RemoveAsync(await host.Outbox.PendingAsync(10, Cancelled), Cancelled);

        await host.WithClockAheadAsync(TimeSpan.FromDays(60), async () =>
        {
            await host.PurgeAsync();
            await host.Poller.PollNowAsync(new(WatchHost.SourceName, "open"), Cancelled);
        });
        await host.PurgeAsync();

        Assert.NotNull(await host.FindAsync("over"));
        var open = await host.JobAsync("open");
        Assert.Equal((JobState.Processing, 1, WatchStatus.Watching), (open.State, open.Watch.Polls, open.WatchStatus));
        Assert.Equal(1, await host.Services.GetRequiredService<ClockSkewRepair>().BringForwardAsync(Cancelled));
        Assert.InRange((await host.JobAsync("open")).Watch.DueAt!.Value - host.Time.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromMinutes(11));
    }

    private static Task<string> ScheduleAsync(WatchHost host, object input) => host.Client.ScheduleNewOrchestrationInstanceAsync(
        WatchJob.Name, input, new StartOrchestrationOptions(host.InstanceIdOf(Id)), Cancelled);

    [Fact(Timeout = 120_000)]
    public async Task What_is_over_is_purged_when_its_time_has_come_and_what_is_not_stays()
    {
        // The in-process host cannot purge.
        await using var storage = await Azurite.StartAllAsync();
        await using var host = await WatchHost.StartAsync(
            await azurite.StartedAsync(),
            TestTime.Real(),
            (tasks, cancelled) => StorageHub.StartAsync(storage.ConnectionString, tasks, cancelled),
            ("First", "01:00:00"),
            ("Max", "02:00:00"));
        host.Provider.Answer = (id, _) => (200, id == "open" ? StatusStub.Processing(id) : StatusStub.Done(id));
        foreach (var id in (string[])["over", "open"])
        {
            await host.RegisterAsync(id);
            await host.Recorder.HintAsync(host.Source, id, Cancelled);
        }

        await host.EndedAsync("over");
        await host.AsleepAsync("open", step => step.Polls == 1);

        await host.PurgeAsync();
        Assert.NotNull(await host.InstanceAsync("over"));

        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(1).AddMinutes(1));
        await host.PurgeAsync();
        Assert.Null(await host.InstanceAsync("over"));
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await host.InstanceAsync("open"))!.RuntimeStatus);
        Assert.NotNull(await host.FindAsync("over"));

        // A job whose event nobody has been told yet is kept.
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(30));
        await host.PurgeAsync();
        host.Time.AdvanceTo(host.Time.GetUtcNow() + SecondLook.After);
        await host.PurgeAsync();
        Assert.NotNull(await host.FindAsync("over"));
        await host.Outbox.RemoveAsync(await host.Outbox.PendingAsync(10, Cancelled), Cancelled);
        await host.PurgeAsync();
        Assert.Null(await host.FindAsync("over"));
        Assert.NotNull(await host.FindAsync("open"));

        // A notification that is repeated later than that is no new job's.
        Assert.Null(await host.Recorder.HintAsync(host.Source, "over", Cancelled));
        Assert.Null(await host.FindAsync("over"));

        // What one account has not is no reason to keep what is in the other.
        await host.RegisterAsync("late");
        await host.Recorder.HintAsync(host.Source, "late", Cancelled);
        await host.EndedAsync("late");
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(2));
        await host.DropTableAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(host.PurgeAsync);
        Assert.Null(await host.InstanceAsync("late"));
    }

    /// <summary>Starts the watch so far ahead of its due time that the test would time out if it slept until then.</summary>
    private static async Task StartAheadAsync(WatchHost host, DateTimeOffset due) =>
        Assert.True(await host.Services.GetRequiredService<IWatchRunner>().StartAsync(new(new(WatchHost.SourceName, Id), due), Cancelled));

    private static async Task StartWhenDueAsync(WatchHost host)
    {
        host.Time.AdvanceTo((await host.JobAsync(Id)).Watch.DueAt!.Value);
        await host.StartDueAsync();
    }

    private static async Task SettledAsync(WatchHost host)
    {
        while (!(await host.JobAsync(Id)).IsSettled)
            await Task.Delay(10, Cancelled);
    }
}
