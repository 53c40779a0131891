using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Watching;

/// <summary>
/// The client of the task hub that the Functions host gives to one invocation. A step of a watch has none: its commits tell no watch
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
