namespace FopWatch.Infra.Tests;

/// <summary>The templates as a whole, azd's file and the workflows.</summary>
public sealed class DeploymentTests
{
    private static readonly BicepFile Functions = Repository.Bicep("modules/functions.bicep");

    [Fact]
    public void Everything_that_can_be_set_or_read_says_what_it_is() => Assert.Empty(Repository.AllBicep
        .Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal))
        .SelectMany(file => file.Value.Declarations
            .Where(one => one.Keyword is "param" or "output" or "type" && !one.Has("description"))
            .Select(one => $"{file.Key}: {one.Name}")));

    [Fact]
    public void Modules_are_local_and_get_what_they_ask_for()
    {
        foreach (var (path, file) in Repository.AllBicep)
        {
            foreach (var module in file.All("module"))
            {
                var parameters = Repository.Bicep(Path.Combine(Path.GetDirectoryName(path)!, module.What!)).All("param").ToList();
                var given = Assert.IsType<Obj>(module.Body.At("params")).Names.ToList();
                Assert.Empty(given.Except(parameters.Select(one => one.Name)));
                Assert.Empty(parameters.Where(one => one.Value is null).Select(one => one.Name).Except(given));
            }
        }
    }

    [Fact]
    public void Api_versions_are_stable_and_one_for_each_type()
    {
        var types = Repository.AllBicep.Values.SelectMany(file => file.Declarations).Where(one => one.Keyword is "resource" or "existing")
            .Select(one => one.What!).Where(what => what.Contains('@', StringComparison.Ordinal)).Distinct().ToList();

        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Matches(@"^[A-Za-z./]+@\d{4}-\d{2}-\d{2}$", type));
        Assert.All(types.GroupBy(type => type.Split('@')[0]), versions => Assert.Single(versions));
    }

    [Fact]
    public void The_runtime_is_the_one_that_the_app_is_built_for()
    {
        var framework = Assert.Single(Repository.Find(Repository.Text("Directory.Build.props"), "<TargetFramework>net(.*)</TargetFramework>"));
        var config = Functions.Resource("Microsoft.Web/sites").Body.At("properties", "functionAppConfig");
        Assert.Equal(framework, ((Text)((Obj)config).At("runtime", "version")).Literal);
        Assert.Equal("dotnet-isolated", ((Text)((Obj)config).At("runtime", "name")).Literal);
        Assert.Equal("UserAssignedIdentity", ((Text)((Obj)config).At("deployment", "storage", "authentication", "type")).Literal);
    }

    [Fact]
    public void Instances_that_are_always_there_are_for_functions_that_there_are()
    {
        var functions = Repository.Find(Repository.Code("FopWatch.Functions"), @"\[Function\((?:""(\w+)""|Name)\)\]");
        var groups = Repository.AllBicep.Values.SelectMany(file => file.All("param")).Where(param => param.Name == "alwaysReady" && param.Value is not null)
            .SelectMany(param => param.Value!.All().OfType<Obj>()).Select(one => ((Text)one.At("name")).Literal).ToList();

        Assert.NotEmpty(groups);
        Assert.All(groups, group => Assert.True(group is "http" or "durable" || (group.StartsWith("function:", StringComparison.Ordinal) && functions.Contains(group[9..])), group));
    }

    [Fact]
    public void The_front_lets_notifications_through_and_nothing_else()
    {
        var route = Assert.Single(Repository.Find(Repository.Text("src/FopWatch.Functions/Http/NotifyFunction.cs"), @"Route = ""([^""]*)"""));
        var start = "/" + route[..route.IndexOf('{', StringComparison.Ordinal)];

        var front = Repository.Bicep("modules/frontRoute.bicep").Resource("Microsoft.Cdn/profiles/afdEndpoints/routes").Body;
        Assert.Equal($"{start}*", ((Text)Assert.Single(((Arr)front.At("properties", "patternsToMatch")).Elements)).Literal);
        Assert.Equal("Https", ((Text)Assert.Single(((Arr)front.At("properties", "supportedProtocols")).Elements)).Literal);

        var url = Repository.Bicep("main.bicep").The("output", "NOTIFY_URLS").Value!.All().OfType<Obj>().First().At("url");
        Assert.Equal($"?{start}?/<token>", Assert.IsType<Text>(url).With(_ => "?"));
        Assert.StartsWith($"{start}{{source}}/{{token}}", "/" + route, StringComparison.Ordinal);
    }

    [Fact]
    public void Azd_finds_what_its_file_names()
    {
        var azd = Repository.Text("azure.yaml");
        var service = Assert.Single(Repository.Find(azd, @"services:\n  (\w+):"));
        Assert.Contains(Functions.Nodes().OfType<Obj>(), one => one.Find("azd-service-name") is Text tag && tag.Literal == service);
        Assert.True(Directory.Exists(Repository.PathOf(Assert.Single(Repository.Find(azd, "project: (.*)")))));
        Assert.True(File.Exists(Repository.PathOf($"infra/{Assert.Single(Repository.Find(azd, "module: (.*)"))}.bicepparam")));

        var hook = Assert.Single(Repository.Find(azd, @"run: (.*)"));
        Assert.True(File.Exists(Repository.PathOf(hook)));
        var outputs = Repository.Bicep("main.bicep").All("output").Select(one => one.Name).ToList();
        var script = Repository.Text(hook);
        Assert.All(Repository.Find(script, @"\$\{([A-Z_]+_(?:NAME|SECRETS|ID))\b"), name => Assert.Contains(name, outputs));
    }

    [Fact]
    public void Actions_are_pinned_by_commit_and_say_their_version()
    {
        var uses = Directory.EnumerateFiles(Repository.PathOf(".github/workflows"), "*.yml").SelectMany(path => Repository.Find(File.ReadAllText(path), @"uses: (.*)")).ToList();
        Assert.NotEmpty(uses);
        Assert.All(uses, one => Assert.Matches(@"^(\./|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)", one));
    }

    [Fact]
    public void Text_that_cannot_be_read_is_no_Bicep_here()
    {
        Assert.Throws<FormatException>(() => Bicep.Read("param x string = § 1", "x"));
        Assert.Throws<FormatException>(() => Bicep.Read("whatever x = 1", "x"));
        Assert.Throws<FormatException>(() => Bicep.Read("var x = {", "x"));
    }
}
