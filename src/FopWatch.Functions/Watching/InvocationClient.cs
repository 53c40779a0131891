using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Watching;

/// <summary>
/// The client of the task hub that the Functions host gives to one invocation. An invocation without one, such as a step of a watch, leaves watches
/// alone.
/// </summary>
public sealed class InvocationClient
{
    /// <summary>The client; null if the function has no such binding.</summary>
    public DurableTaskClient? Client { get; set; }
}
