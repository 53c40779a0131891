using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Intake;

public class HintAdmissionTests
{
    [Theory]
    [InlineData(0.1, 60)]
    [InlineData(1, 60)]
    [InlineData(1.5, 90)]
    [InlineData(100, 6000)]
    [InlineData(1000, 6000)]
    public void As_many_polls_may_be_due_as_are_made_in_a_minute(double perSecond, int most) => Assert.Equal(most, HintAdmission.BacklogOf(new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("https://api.example.com"),
        Tokens = new(["0123456789"]),
        Poll = new() { First = TimeSpan.FromMinutes(2), PerSecond = perSecond },
    }));
}
