using System.Text;

namespace FopWatch.Testing;

/// <summary>Captures everything logged to it, with the values of its placeholders and its exceptions.</summary>
public sealed class CapturedLog : ILoggerProvider
{
    private readonly StringBuilder _text = new();

    public override string ToString()
    {
        lock (_text)
            return _text.ToString();
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private sealed class Logger(CapturedLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (log._text)
                log._text.Append(logLevel).Append(' ').Append(formatter(state, exception)).Append(' ').Append(exception).Append('\n');
        }
    }
}
