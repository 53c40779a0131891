using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class ProgramNameTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Root => _folder.FullName;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "src/FopWatch.Local")]
    [InlineData("src", "FopWatch.Local")]
    [InlineData("src/FopWatch.Local", ".")]
    [InlineData("tests", "../src/FopWatch.Local")]
    public void In_a_clone_the_program_is_named_as_dotnet_run_from_the_users_directory(string current, string project)
    {
        var output = Directory.CreateDirectory(Path.Combine(Root, "src/FopWatch.Local/bin/Debug/net10.0")).FullName + "/";
        File.WriteAllText(Path.Combine(Root, "src/FopWatch.Local/FopWatch.Local.csproj"), "");

        foreach (var process in (string[])[Path.Combine(output, "fopwatch"), "/usr/bin/dotnet"])
            Assert.Equal($"dotnet run --project {project} --", ProgramName.Of(output, process, Path.Combine(Root, current), "/usr/bin"));
    }

    [Fact]
    public void A_published_program_is_named_by_its_file_name_if_on_the_path_and_by_its_path_otherwise()
    {
        var process = Path.Combine(Root, "fopwatch");

        Assert.Equal("fopwatch", ProgramName.Of(Root + "/", process, "/", $"/usr/bin:{Root}/"));
        Assert.Equal("./fopwatch", ProgramName.Of(Root + "/", process, Root, "/usr/bin"));
        Assert.Equal("../fopwatch", ProgramName.Of(Root + "/", process, Path.Combine(Root, "below"), null));
        Assert.Equal("dotnet fopwatch.dll", ProgramName.Of(Root + "/", "/usr/bin/dotnet", Root, "/usr/bin"));
        Assert.Equal("dnx fopwatch", ProgramName.Of("/home/user/.nuget/packages/fopwatch/1.2.3/tools/net10.0/any/", "/usr/bin/dotnet", Root, "/usr/bin"));
        Assert.Equal("'/opt/my programs/fopwatch'", ProgramName.Of("/opt/my programs/", "/opt/my programs/fopwatch", "/home/user/a/b/c/d/e/f/g", null));
    }
}
