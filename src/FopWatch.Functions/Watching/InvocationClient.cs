using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Watching;

/// <summary>
/// The Functions host's client of the task hub for one invocation. A step of a watch has none, because its commits notify no watch
/// (<see cref="Jobs.CommitCause.Watch"/>).
/// </summary>
public sealed class InvocationClient
{
    private DurableTaskClient? _client;

    /// <summary>The client.</summary>
    /// <exception cref="InvalidOperationException">The function has no such binding.</exception>
    public DurableTaskClient Client
    {
        get => _client ?? throw new InvalidOperationException("A watch can be reached only from a function that has a durableClient binding.");
        set => _client = value;
    }
}
