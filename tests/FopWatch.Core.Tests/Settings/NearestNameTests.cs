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
    public void A_name_is_corrected_where_few_letters_are_wrong(string written, string? meant) =>
        Assert.Equal(meant, NearestName.Find(written, ["ApiKey", "ApiKeys", "MaxBodyBytes", "PublicUrl", "Retention", "Sources"]));
}
