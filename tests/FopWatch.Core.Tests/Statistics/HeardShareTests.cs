using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

public sealed class HeardShareTests
{
    [Fact]
    public void Late_notifications_count_as_arrived()
    {
        var heard = new HeardShare(Notified: 80, Polled: 20, NotifiedLater: 15);

        Assert.Equal(0.95, heard.Share, 12);

        // Wilson's interval of 95 of 100.
        Assert.Equal(0.8882, heard.Interval.From, 4);
        Assert.Equal(0.9785, heard.Interval.To, 4);
        Assert.Equal(heard.Interval.From, heard.ForPlans);
    }

    [Fact]
    public void Plans_expect_no_notification_while_nothing_is_known()
    {
        Assert.Equal((0, 0), (default(HeardShare).Share, default(HeardShare).ForPlans));
        Assert.Equal((0, 1), default(HeardShare).Interval);
    }

    [Fact]
    public void Plans_always_leave_a_hundredth_to_polls() => Assert.Equal(0.99, new HeardShare(1e12, 0, 0).ForPlans);

    [Fact]
    public void Parts_add_up() =>
        Assert.Equal(new HeardShare(3, 5, 4), new HeardShare(1, 2, 1) + new HeardShare(2, 3, 3));

    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(0, 1, 5)]
    [InlineData(1e18, 1e18, 0)]
    public void The_share_lies_in_its_interval(double notified, double polled, double later)
    {
        var heard = new HeardShare(notified, polled, later);

        Assert.InRange(heard.Interval.From, 0, heard.Share);
        Assert.InRange(heard.Interval.To, heard.Share, 1);
    }
}
