namespace FopWatch.Core.Tests;

public class SetAsideTests
{
    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(5, 16)]
    [InlineData(6, 32)]
    [InlineData(7, 32)]
    [InlineData(int.MaxValue, 32)]
    public void Each_wait_is_twice_the_one_before_up_to_the_longest(int failures, int minutes) =>
        Assert.Equal(TimeSpan.FromMinutes(minutes), SetAside.Wait(failures));
}
