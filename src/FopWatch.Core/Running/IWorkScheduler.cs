namespace FopWatch.Running;

/// <summary>Starts work in the background.</summary>
public interface IWorkScheduler
{
    /// <summary>Starts work. The work must handle its own failures.</summary>
    void Start(Func<Task> work);
}

/// <summary>Starts work on the thread pool.</summary>
public sealed class ThreadPoolWork : IWorkScheduler
{
    /// <inheritdoc/>
    public void Start(Func<Task> work) => _ = Task.Run(work);
}
