using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>
/// The contract of <see cref="IWatchRunner"/>, observed through its queries of the status API. Jobs are written directly to the store, so only the
/// calls of the tests start a watch. An answer leaves its job open, and makes its next poll due after an hour.
/// </summary>
public abstract class WatchRunnerContract : IAsyncLifetime
{
    private static readonly TimeSpan FarOff = TimeSpan.FromHours(1);

    protected abstract IWatchRunner Runner { get; }

    protected abstract IJobStore Jobs { get; }

    protected abstract string Source { get; }

    protected abstract DateTimeOffset Now { get; }

    /// <summary>Whether it keeps the watch of a job while no poll is running.</summary>
    protected abstract bool KeepsWatches { get; }

    /// <summary>The number of queries to the status API.</summary>
    protected abstract int Asked { get; }

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watch_started_in_advance_polls_when_its_job_is_due_and_not_sooner()
    {
        var job = await AddAsync("a", TimeSpan.FromSeconds(5));

        Assert.True(await Runner.StartAsync(job, Cancelled));

        await UntilAsync(() => Asked == 1);
        var polled = await PolledAsync(job.Key);
        Assert.True(polled.Watch.LastPolledAt >= job.DueAt - PollPlan.ClockTolerance, $"polled {job.DueAt - polled.Watch.LastPolledAt} early");
    }

    [Fact]
    public async Task A_watch_started_twice_polls_once()
    {
        var job = await AddAsync("a", TimeSpan.FromSeconds(3));

        Assert.True(await Runner.StartAsync(job, Cancelled));
        Assert.Equal(!KeepsWatches, await Runner.StartAsync(job, Cancelled));

        await UntilAsync(() => Asked == 1);
        await PolledAsync(job.Key);
        await Runner.StartAsync(job, Cancelled);
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(1, Asked);
    }

    [Fact]
    public async Task A_sleeping_watch_reads_its_job_when_woken()
    {
        var job = await AddAsync("a", FarOff);
        await Runner.StartAsync(job, Cancelled);
        await AsleepAsync(job);

        await Runner.WakeAsync(await MakeDueAsync(job.Key), Cancelled);

        await UntilAsync(() => Asked == 1);
    }

    [Fact]
    public async Task A_watch_woken_in_vain_continues_to_sleep_and_does_not_poll()
    {
        var job = await AddAsync("a", FarOff);
        await Runner.StartAsync(job, Cancelled);
        await AsleepAsync(job);

        await Runner.WakeAsync(job, Cancelled);
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(0, Asked);

        // It can be woken again.
        await Runner.WakeAsync(await MakeDueAsync(job.Key), Cancelled);
        await UntilAsync(() => Asked == 1);
    }

    [Fact]
    public async Task A_poll_that_becomes_due_during_another_is_made_once_that_poll_has_ended()
    {
        AnswerSlowly();
        var job = await AddAsync("a", TimeSpan.Zero);
        await Runner.StartAsync(job, Cancelled);
        await UntilAsync(() => Asked == 1);

        await Runner.WakeAsync(await MakeDueAsync(job.Key), Cancelled);
        await Runner.WakeAsync(job, Cancelled);
        Assert.Equal(1, Asked);

        await UntilAsync(() => Asked == 2);
        await PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(2, Asked);
    }

    [Fact]
    public async Task Waking_a_watch_that_does_not_run_starts_it()
    {
        var job = await AddAsync("a", TimeSpan.Zero);

        await Runner.WakeAsync(job, Cancelled);

        await UntilAsync(() => Asked == 1);
    }

    [Fact]
    public async Task A_watch_that_ends_with_its_job_stops_polling_and_can_be_started_again()
    {
        var job = await AddAsync("a", TimeSpan.FromSeconds(3));
        await Runner.StartAsync(job, Cancelled);
        await AsleepAsync(job);
        await CommitAsync(job.Key, stored => stored.Stopped());

        await Runner.EndAsync(job.Key, Cancelled);
        await PassAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(0, Asked);
        Assert.Null(await Runner.StateAsync(job.Key, Cancelled));

        Assert.True(await Runner.StartAsync(await MakeDueAsync(job.Key), Cancelled));
        await UntilAsync(() => Asked == 1);
    }

    [Fact]
    public async Task Ending_a_watch_that_does_not_run_is_not_an_error()
    {
        var job = await AddAsync("a", TimeSpan.Zero);

        await Runner.EndAsync(job.Key, Cancelled);
        await Runner.EndAsync(new(Source, "unknown"), Cancelled);

        await Runner.StartAsync(job, Cancelled);
        await UntilAsync(() => Asked == 1);
    }

    [Fact]
    public async Task A_watch_tells_until_when_it_sleeps_unless_it_does_not_run()
    {
        var job = await AddAsync("a", FarOff);
        Assert.Null(await Runner.StateAsync(job.Key, Cancelled));

        await Runner.StartAsync(job, Cancelled);
        await AsleepAsync(job);

        var state = await Runner.StateAsync(job.Key, Cancelled);
        Assert.Equal(KeepsWatches ? job.DueAt : null, state?.SleepsUntil);
        Assert.NotEqual(true, state?.IsPostponed);
        Assert.Null(await Runner.StateAsync(new(Source, "unknown"), Cancelled));
    }

    /// <inheritdoc/>
    public abstract ValueTask InitializeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases everything.</summary>
    protected abstract ValueTask CloseAsync();

    /// <summary>Makes the status API take at least a second for each answer.</summary>
    protected abstract void AnswerSlowly();

    /// <summary>Advances the time until a condition holds. Fails the test if that takes much longer than expected.</summary>
    protected abstract Task UntilAsync(Func<bool> holds);

    /// <summary>Advances the time.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    /// <summary>Waits until a watch sleeps, if the runner keeps it meanwhile.</summary>
    protected async Task AsleepAsync(DueJob job)
    {
        while (KeepsWatches && (await Runner.StateAsync(job.Key, Cancelled))?.SleepsUntil != job.DueAt)
            await PassAsync(TimeSpan.FromMilliseconds(20));
    }

    /// <summary>Adds a job that is due after the given time.</summary>
    protected async Task<DueJob> AddAsync(string id, TimeSpan after)
    {
        var job = Sample.Job(id, Source, Now - Sample.Start);
        job = job with { Watch = job.Watch.Due(Now + after) };
        Assert.NotNull(await Jobs.CommitAsync(new(job, null, null), Cancelled));
        return new(job.Key, job.Watch.DueAt!.Value);
    }

    /// <summary>Makes a job due now, like a hint to another instance whose wake-up was lost.</summary>
    protected Task<DueJob> MakeDueAsync(JobKey key) => CommitAsync(key, job => job with { Watch = job.Watch.Due(Now) });

    private async Task<DueJob> CommitAsync(JobKey key, Func<Job, Job> change)
    {
        while (true)
        {
            var stored = await Jobs.FindAsync(key, Cancelled);
            var job = change(stored!.Job);
            if (await Jobs.CommitAsync(new(job, stored.ETag, null), Cancelled) is not null)
                return new(key, job.Watch.DueAt ?? Now);
        }
    }

    private async Task<Job> PolledAsync(JobKey key)
    {
        while (true)
        {
            if ((await Jobs.FindAsync(key, Cancelled))!.Job is { Watch.LastPolledAt: not null } job)
                return job;
            await PassAsync(TimeSpan.FromMilliseconds(20));
        }
    }
}

/// <summary>The contract of an <see cref="IWatchRunner"/> whose watches run elsewhere, on a platform that may not answer.</summary>
public abstract class RemoteWatchRunnerContract : WatchRunnerContract
{
    /// <inheritdoc/>
    protected override bool KeepsWatches => true;

    [Fact]
    public async Task If_the_platform_does_not_answer_no_caller_fails_and_the_watch_is_known_not_to_have_started()
    {
        var job = await AddAsync("a", TimeSpan.Zero);
        Hang();

        Assert.Null(await Runner.StartAsync(job, Cancelled));
        await Runner.WakeAsync(job, Cancelled);
        await Runner.EndAsync(job.Key, Cancelled);
        Assert.Null(await Runner.StateAsync(job.Key, Cancelled));

        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, Asked);
    }

    /// <summary>From now on, the platform does not answer.</summary>
    protected abstract void Hang();
}
