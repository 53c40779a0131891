namespace FopWatch.Api;

/// <summary>Threads for short requests while others decode large bodies, make lists and read files.</summary>
public static class ThreadReserve
{
    /// <summary>How many threads there are for each processor before the pool hesitates to start another.</summary>
    public const int PerProcessor = 8;

    /// <summary>
    /// Lets the thread pool of the process have that many threads at once. By default it has as many as there are processors and starts a further
    /// one only every half second: as many large bodies as processors would keep everything else waiting.
    /// </summary>
    public static void Ensure()
    {
        ThreadPool.GetMinThreads(out var workers, out var completionPorts);
        ThreadPool.SetMinThreads(Math.Max(workers, PerProcessor * Environment.ProcessorCount), completionPorts);
    }
}
