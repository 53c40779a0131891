namespace FopWatch.Running;

/// <summary>Starts work beside the caller's.</summary>
public interface IWorkScheduler
{
    /// <summary>Starts work. It handles its own failures.</summary>
    void Start(Func<Task> work);
}

/// <summary>Starts work in the thread pool.</summary>
public sealed class ThreadPoolWork : IWorkScheduler
{
    /// <inheritdoc/>
    public void Start(Func<Task> work) => _ = Task.Run(work);
}
