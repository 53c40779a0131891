namespace FopWatch.Local.Demo;

/// <summary>Counts the log lines that hold a secret. It stores no lines.</summary>
internal sealed class SecretLog(PlantedSecrets secrets) : ILoggerProvider, ILogger
{
    private int _lines;

    public PlantedSecrets Secrets { get; } = secrets;

    /// <summary>The number of lines with a secret so far.</summary>
    public int Lines => Volatile.Read(ref _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Secrets.AreIn($"{formatter(state, exception)} {exception}"))
            Interlocked.Increment(ref _lines);
    }

    public void Dispose()
    {
    }
}
