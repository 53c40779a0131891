using FopWatch.Jobs;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Watching;

/// <summary>One step of a watch: see <see cref="PollStep"/>.</summary>
public sealed class PollJob(PollStep step, TimeProvider time)
{
    /// <summary>The activity's name.</summary>
    public const string Name = "PollJob";

    /// <summary>Runs the step.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    [Function(Name)]
    public async Task<WatchStep> RunAsync([ActivityTrigger] WatchInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        var result = await step.RunAsync(input.Key, cancellationToken);

        // An instance whose id contains the job's id ends; the one-minute timer starts the watch again under another id.
        var dueAt = input.Version >= WatchInput.FirstWithReference ? result.DueAt : null;
        var wait = dueAt - time.GetUtcNow();
        return new()
        {
            DueAt = dueAt,
            Wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait,
            LastAnswer = result.LastAnswer,
            Polls = result.Polls,
            Postponed = result.IsPostponed,
        };
    }
}
