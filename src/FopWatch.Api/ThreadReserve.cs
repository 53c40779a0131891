namespace FopWatch.Api;

/// <summary>Threads for short requests while others decode large bodies, make lists and read files.</summary>
public static class ThreadReserve
{
    /// <summary>The number of threads per processor that the pool starts without delay.</summary>
    public const int PerProcessor = 8;

    /// <summary>
    /// Raises the minimum of the process's thread pool. By default it has one thread per processor and adds one every half second, so that as many
    /// large bodies as processors would block everything else.
    /// </summary>
    public static void Ensure()
    {
        ThreadPool.GetMinThreads(out var workers, out var completionPorts);
        ThreadPool.SetMinThreads(Math.Max(workers, PerProcessor * Environment.ProcessorCount), completionPorts);
    }
}
