using FopWatch.Clocks;
using FopWatch.Upkeep;
using Microsoft.Extensions.Logging;

namespace FopWatch.Core.Tests.Upkeep;

public sealed class RetentionPurgeTests : IPurgeMarks, ILogger
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private readonly ManualTimeProvider _time = new(Start);
    private readonly List<(DateTimeOffset Before, DateTimeOffset Now)> _purged = [];
    private readonly List<LogLevel> _logged = [];
    private PurgeMark _mark = PurgeMark.None;

    [Fact]
    public async Task Data_older_than_the_retention_is_purged_and_a_clock_jump_is_reported_and_purges_nothing()
    {
        var purge = new RetentionPurge(this, new() { Sources = new([]), Retention = Retention }, this, _time);

        // The first purge of a store always waits for a second look, and is not reported.
        Assert.Equal((0, true), await RunAsync(purge));
        Assert.Empty(_logged);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((7, false), await RunAsync(purge));
        Assert.Equal([(Start.AddHours(1) - Retention, Start.AddHours(1))], _purged);

        _time.Ahead = TimeSpan.FromDays(60);
        Assert.Equal((0, true), await RunAsync(purge));
        Assert.Single(_purged);
        Assert.Equal([LogLevel.Information], _logged);
    }

    private Task<(int Deleted, bool IsComplete)> RunAsync(RetentionPurge purge) => purge.RunAsync(
        (before, now) =>
        {
            _purged.Add((before, now));
            return new((7, false));
        },
        TestContext.Current.CancellationToken);

    ValueTask<PurgeMark> IPurgeMarks.ReadAsync(CancellationToken cancellationToken) => new(_mark);

    ValueTask IPurgeMarks.WriteAsync(PurgeMark mark, CancellationToken cancellationToken)
    {
        _mark = mark;
        return default;
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _logged.Add(logLevel);
}
