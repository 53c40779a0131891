using FopWatch.Embedded;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests;

public class LoopTimesTests
{
    /// <summary>
    /// A commit starts the watch only of a job that is due within <see cref="CommitObserver.Ahead"/>. A loop that sleeps longer would miss
    /// the polls of other jobs, and one that misses a start would poll late.
    /// </summary>
    [Fact]
    public void A_watch_loop_never_sleeps_as_long_as_commits_look_ahead() => Assert.True(new LoopTimes().LongestSleep < CommitObserver.Ahead);
}
