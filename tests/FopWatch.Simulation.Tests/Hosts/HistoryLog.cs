using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Simulation.Tests.World;
using Microsoft.Extensions.Logging;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>Fails a history if a log entry is not explained by one of its faults, and passes sweeps to the checker.</summary>
internal sealed class HistoryLog(SimulatedWorld world) : ILogger, IOperatorLog
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var values = (state as IReadOnlyList<KeyValuePair<string, object?>> ?? []).ToDictionary(value => value.Key, value => value.Value);
        switch (eventId.Name)
        {
            case nameof(RunLog.WatchesStarted):
                world.Tally.Add("watches woken", (int)values["Woken"]!);
                break;
            case nameof(RunLog.WatchesStuck):
                world.Tally.Add("stuck watches polled", (int)values["Jobs"]!);
                break;
            case nameof(RunLog.BooksUnbalanced):
                world.Checker.Swept((long)values["Unaccounted"]!, (int)values["Restored"]!);
                break;
            case nameof(RunLog.PublishFailed) when exception is IOException or StoreUnavailableException or OperationCanceledException:
            case nameof(RunLog.WatchFailed) when exception is StoreUnavailableException:
            case nameof(RunLog.StoreUnavailable) or nameof(RunLog.PollFailed) or nameof(RunLog.SweepPublished) or nameof(RunLog.OutboxSweepEndedEarly):
            case nameof(RunLog.PurgePutOff) or nameof(RunLog.BroughtForward):
                break;
            default:
                world.Scheduler.Fail($"{formatter(state, exception)} {exception}");
                break;
        }
    }

    public void LoopFailed(LoopFailure failure)
    {
        if (failure is not { Loop.Name: "outbox loop", Exception: IOException })
            world.Scheduler.Fail($"The {failure.Loop.Name} failed: {failure.Exception}");
    }

    public void Settled(Job job, JobReferences references)
    {
    }

    public void Warn(Trouble trouble)
    {
    }

    public void Over(Trouble trouble, TimeSpan lasted)
    {
    }
}
