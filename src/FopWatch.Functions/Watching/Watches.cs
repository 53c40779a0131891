using DurableTask.Core.Exceptions;
using FopWatch.Jobs;
using FopWatch.Watching;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Starts, wakes and ends the orchestrations that watch jobs. All of it only makes things quicker: the due index says durably what is
/// to be polled, and a timer starts what is due and not watched. So nothing here fails its caller.
/// </summary>
public sealed class Watches(IJobStore store, TimeProvider time, ILogger<Watches> logger) : IWatchRunner
{
    /// <summary>How long the minute timer waits for the task hub.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a request waits for the task hub. Registrations wait inside a turn that they share, so a task hub that hangs would otherwise hold up all
    /// of them. Until it has answered once, they wait as long as the timer does: the first call of a process makes the connection.
    /// </summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>For how long requests do not call a task hub that let one of them wait: longer than a request registers jobs. The minute timer does.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch whose job is due may make no step: the retries of a step that the store fails take a few minutes.</summary>
    internal static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(15);

    /// <summary>For how long after its last step a watch counts as at work: longer than a poll that others of its source postpone waits.</summary>
    private static readonly TimeSpan AtWork = TimeSpan.FromMinutes(2);

    private readonly AsyncLocal<bool> _inside = new();
    private DurableTaskClient? _client;

    /// <summary>The timestamp at which requests may call the task hub again; 0 while it answers.</summary>
    private long _pausedUntil;

    private bool _hasAnswered;

    /// <summary>The client; null until an invocation has brought one.</summary>
    internal DurableTaskClient? Client => Volatile.Read(ref _client);

    /// <summary>Takes the client that the Functions host gives to invocations. They all lead to the same task hub.</summary>
    public void Use(DurableTaskClient client) => Volatile.Write(ref _client, client);

    /// <summary>Until disposed of, what is committed is committed by a watch itself, which needs neither waking nor ending.</summary>
    internal IDisposable Inside()
    {
        _inside.Value = true;
        return new Outside(_inside);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        var started = false;
        if (!_inside.Value && Client is { } client)
            await TryAtOnceAsync("started", async cancelled => started = await TryStartAsync(client, job, cancelled));
        return started;
    }

    /// <inheritdoc/>
    public async ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        if (_inside.Value || Client is not { } client)
            return;

        await TryAtOnceAsync("woken", async cancelled =>
        {
            if (!await TryStartAsync(client, job, cancelled))
                await client.RaiseEventAsync(InstanceIdOf(job.Key), WatchJob.Nudge, null, cancelled);
        });
    }

    /// <inheritdoc/>
    public async ValueTask EndAsync(JobKey key, CancellationToken cancellationToken)
    {
        if (_inside.Value || Client is not { } client)
            return;

        await TryAtOnceAsync("ended", async cancelled =>
        {
            try
            {
                await client.TerminateInstanceAsync(InstanceIdOf(key), "The job needs no more polls.", cancelled);
            }
            catch (RpcException) when (!cancelled.IsCancellationRequested)
            {
                // There is none, or none that runs. Should it run after all, it ends at its next step.
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken)
    {
        RunningWatch? state = null;
        if (Client is { } client)
            await TryAsync("found", async cancelled => state = await StateAsync(client, key, cancelled));
        return state;
    }

    /// <summary>Starts the watch of a job that is due, or will be soon; wakes it if it sleeps for longer, as it does if a nudge got lost.</summary>
    /// <returns>What was done.</returns>
    internal async Task<WatchStart> StartDueAsync(DueJob job)
    {
        var key = job.Key;
        var done = WatchStart.Failed;
        if (Client is { } client)
        {
            await TryAsync("started", async cancelled =>
            {
                if (await TryStartAsync(client, job, cancelled))
                {
                    done = WatchStart.Started;
                    return;
                }

                done = WatchStart.Runs;
                if (await StateAsync(client, key, cancelled) is not { } watch)
                    return;
                if (!watch.IsPostponed && watch.SleepsUntil > job.DueAt + PollPlan.ClockTolerance)
                {
                    await client.RaiseEventAsync(InstanceIdOf(key), WatchJob.Nudge, null, cancelled);
                    done = WatchStart.Woken;
                }

                var idle = time.GetUtcNow() - watch.ActiveAt;
                done = idle > LongestStep ? WatchStart.Idle : done == WatchStart.Runs && idle < AtWork ? WatchStart.AtWork : done;
            });
        }

        return done;
    }

    /// <summary>
    /// Starts a watch unless it runs. The host replaces an instance that has ended in whatever way and refuses to replace one that has
    /// not (<c>overridableExistingInstanceStates</c> in host.json), so this is safe to do any number of times.
    /// </summary>
    private async Task<bool> TryStartAsync(DurableTaskClient client, DueJob job, CancellationToken cancellationToken)
    {
        var (key, dueAt) = job;

        // It sleeps until then: a step before that would find that no poll is due, at the price of a poll.
        var input = new WatchInput(key.Source, key.Id);
        if (dueAt - time.GetUtcNow() is { } wait && wait > PollPlan.ClockTolerance)
            input = input with { DueAt = dueAt, Wait = wait };
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                WatchJob.Name, input, new StartOrchestrationOptions(InstanceIdOf(key)), cancellationToken);
            return true;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return false;
        }
    }

    private async Task<RunningWatch?> StateAsync(DurableTaskClient client, JobKey key, CancellationToken cancellationToken)
    {
        var instance = await client.GetInstanceAsync(InstanceIdOf(key), getInputsAndOutputs: true, cancellationToken);
        if (instance is null or { IsCompleted: true })
            return null;

        var step = instance is { IsRunning: true, SerializedCustomStatus: not null } ? instance.ReadCustomStatusAs<WatchStep>() : null;
        return new(step?.DueAt, step is { Postponed: true }, instance.LastUpdatedAt);
    }

    private string InstanceIdOf(JobKey key) => WatchJob.InstanceIdOf(store.References, key);

    private Task TryAsync(string what, Func<CancellationToken, Task> act) => TryAsync(what, LongestCall, act);

    /// <summary>Acts for a request, unless the task hub hangs: then one call per pause tries it, and the others leave the watch to the minute timer.</summary>
    private async Task TryAtOnceAsync(string what, Func<CancellationToken, Task> act)
    {
        var (now, until) = (time.GetTimestamp(), Volatile.Read(ref _pausedUntil));
        if (until == 0 || (now >= until && Interlocked.CompareExchange(ref _pausedUntil, EndOfPause(now), until) == until))
            await TryAsync(what, Volatile.Read(ref _hasAnswered) ? LongestWait : LongestCall, act);
    }

    private async Task TryAsync(string what, TimeSpan longest, Func<CancellationToken, Task> act)
    {
        // Not for the caller to cancel: what it did is committed.
        using var timeout = new CancellationTokenSource(longest, time);
        try
        {
            await act(timeout.Token);
            Volatile.Write(ref _hasAnswered, true);
            Volatile.Write(ref _pausedUntil, 0);
        }
        catch (Exception e)
        {
            if (timeout.IsCancellationRequested)
                Volatile.Write(ref _pausedUntil, EndOfPause(time.GetTimestamp()));
            logger.WatchFailed(what, e);
        }
    }

    private long EndOfPause(long now) => now + (long)(Pause.TotalSeconds * time.TimestampFrequency);

    private sealed class Outside(AsyncLocal<bool> inside) : IDisposable
    {
        public void Dispose() => inside.Value = false;
    }
}

/// <summary>What came of starting a watch.</summary>
internal enum WatchStart
{
    /// <summary>It could not be started; the log says why.</summary>
    Failed,

    /// <summary>It was started.</summary>
    Started,

    /// <summary>It runs.</summary>
    Runs,

    /// <summary>It runs and has made a step lately.</summary>
    AtWork,

    /// <summary>It slept and was woken.</summary>
    Woken,

    /// <summary>It is said to run and has made no step for long. If it slept, it was woken.</summary>
    Idle,
}
