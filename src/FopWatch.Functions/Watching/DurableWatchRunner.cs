using DurableTask.Core.Exceptions;
using FopWatch.Jobs;
using FopWatch.Watching;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Runs watches as orchestrations, for one invocation. <see cref="CommitObserver"/> and <see cref="FopWatch.Cloud.WatchStarter"/> decide which to start, wake
/// or end.
/// </summary>
internal sealed class DurableWatchRunner(InvocationClient invocation, HubCall call, JobReferences references, TimeProvider time) : IWatchRunner
{
    public async ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        var client = invocation.Client;
        bool? started = null;
        await call("started", async cancelled => started = await TryStartAsync(client, job, cancelled));
        return started;
    }

    public async ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        var client = invocation.Client;
        await call("woken", async cancelled =>
        {
            if (!await TryStartAsync(client, job, cancelled))
                await client.RaiseEventAsync(InstanceIdOf(job.Key), WatchJob.Nudge, null, cancelled);
        });
    }

    public async ValueTask EndAsync(JobKey key, CancellationToken cancellationToken)
    {
        var client = invocation.Client;
        await call("ended", async cancelled =>
        {
            try
            {
                await client.TerminateInstanceAsync(InstanceIdOf(key), "The job needs no more polls.", cancelled);
            }
            catch (RpcException) when (!cancelled.IsCancellationRequested)
            {
                // There is no running instance. If there is one after all, it ends at its next step.
            }
        });
    }

    public async ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken)
    {
        var client = invocation.Client;
        RunningWatch? running = null;
        await call("looked at", async cancelled =>
        {
            if (await client.GetInstanceAsync(InstanceIdOf(key), getInputsAndOutputs: true, cancelled) is not { IsCompleted: false } instance)
                return;
            var step = instance is { IsRunning: true, SerializedCustomStatus: not null } ? instance.ReadCustomStatusAs<WatchStep>() : null;
            running = new(step?.DueAt, step?.Postponed == true, instance.LastUpdatedAt);
        });
        return running;
    }

    /// <summary>
    /// Starts a watch unless it runs. The Functions host replaces an ended instance, and refuses to replace a running one
    /// (<c>overridableExistingInstanceStates</c> in host.json), so this is idempotent.
    /// </summary>
    private async Task<bool> TryStartAsync(DurableTaskClient client, DueJob job, CancellationToken cancellationToken)
    {
        // The watch first sleeps until then. An earlier step would find no poll due, and cost as much as a poll.
        var input = new WatchInput(job.Key.Source, job.Key.Id);
        if (job.DueAt - time.GetUtcNow() is var wait && wait > PollPlan.ClockTolerance)
            input = input with { DueAt = job.DueAt, Wait = wait };
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                WatchJob.Name, input, new StartOrchestrationOptions(InstanceIdOf(job.Key)), cancellationToken);
            return true;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return false;
        }
    }

    private string InstanceIdOf(JobKey key) => WatchJob.InstanceIdOf(references, key);
}
