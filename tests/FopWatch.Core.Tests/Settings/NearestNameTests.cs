using FopWatch.Settings;

namespace FopWatch.Core.Tests.Settings;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("Surces", "Sources")]
    [InlineData("soruces", "Sources")]
    [InlineData("Source", "Sources")]
    [InlineData("PublicURI", "PublicUrl")]
    [InlineData("ApiKye", "ApiKey")]
    [InlineData("apikeyz", "ApiKey")]
    [InlineData("Tables", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("MaxBodyBytesOfEveryRequestThatComes", null)]
    public void A_name_with_few_wrong_letters_is_corrected(string written, string? meant) =>
        Assert.Equal(meant, NearestName.Find(written, ["ApiKey", "ApiKeys", "MaxBodyBytes", "PublicUrl", "Retention", "Sources"]));
}
